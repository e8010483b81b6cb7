// The API's own description, and whether an answer is what it says. A field that isn't described is as wrong as one that is
// missing: whoever reads the description would never learn of it.

import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {parseLine} from './api_client.mjs';
import {root} from './parley_process.mjs';

// The packages are those of tests/e2e.
const require = createRequire(`${root}/tests/e2e/package.json`);
const Ajv = require('ajv/dist/2020.js').default;
const addFormats = require('ajv-formats').default;

/** The same with `additionalProperties: false` wherever it leaves that open. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const result = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (result.type === 'object' && result.properties) result.additionalProperties ??= false;
  return result;
}

export class ApiDescription {
  #ajv = new Ajv({strict: true, strictTypes: false, strictRequired: false, allErrors: true, validateFormats: true});

  constructor(document) {
    this.document = document;
    addFormats(this.#ajv);
    this.#ajv.addSchema({$id: 'description', $defs: this.#within(document.components.schemas)});
  }

  /** {id, method, path, operation} of each. */
  get operations() {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({id: operation.operationId, method: method.toUpperCase(), path, operation})),
    );
  }

  /** A schema as ajv finds it: the document as a whole is none. */
  #within(schema) {
    return JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/components/schemas/', '"description#/$defs/'));
  }

  #resolve(value) {
    return value.$ref ? value.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document) : value;
  }

  #check(schema, value, what) {
    const validate = this.#ajv.compile(this.#within(schema));
    assert.ok(validate(value), `${what}: ${this.#ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
  }

  /** `answer`: {status, type, text} as the server gave it. */
  check({id, operation}, answer) {
    const what = `${id} answered ${answer.status}`;
    const described = operation.responses[answer.status] ?? (answer.status >= 400 ? operation.responses.default : undefined);
    assert.ok(described, `${what}, which isn't described`);
    const {content} = this.#resolve(described);
    if (!content) return assert.equal(answer.text, '', what);
    const type = answer.type.split(';')[0];
    assert.ok(content[type], `${what} with ${type}, which isn't described`);
    if (type === 'application/json') return this.#check(content[type].schema, JSON.parse(answer.text), what);
    assert.ok(answer.text.length > 0, what);
    if (type === 'text/plain') for (const line of answer.text.split('\n').filter(Boolean)) parseLine(line);
    const events = answer.text.split('\n').filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]');
    const {contentSchema} = content[type].schema;
    if (contentSchema) assert.ok(events.length > 0, what);
    if (contentSchema) for (const event of events) this.#check(contentSchema, JSON.parse(event.slice(6)), what);
  }
}
