// Mode and models of the next session, as chosen last time.

import {computed} from '@preact/signals';
import type {Mode} from '../api/types';
import {models} from './app';
import {stored} from './stored';

export const maxCompared = 4;

const isMode = (value: unknown): value is Mode => value === 'direct' || value === 'compare' || value === 'random';
const isIds = (value: unknown): value is string[] => Array.isArray(value) && value.every((id) => typeof id === 'string');

const wantedMode = stored<Mode>('mode', 'compare', isMode);
const wantedModels = stored<string[]>('models', [], isIds);

export const modes: readonly Mode[] = ['direct', 'compare', 'random'];

export const mode = computed<Mode>(() => wantedMode.value);

const available = computed(() => (models.value ?? []).filter((model) => model.available));

/** One model, or two to four. What was chosen and is gone is replaced by what is there. */
export const chosen = computed<string[]>(() => {
  const ids = available.value.map((model) => model.id);
  const kept = wantedModels.value.filter((id) => ids.includes(id)).slice(0, maxCompared);
  if (mode.value === 'direct') return [...kept, ...ids].slice(0, 1);
  while (kept.length < 2 && ids.length > 0) kept.push(ids.find((id) => !kept.includes(id)) ?? ids[0]!);
  return kept;
});

export function chooseMode(value: Mode): void {
  wantedMode.value = value;
}

export function chooseModel(seat: number, id: string): void {
  // In direct mode the other seats keep theirs, for when there are others again.
  const all = mode.peek() === 'direct' ? [...wantedModels.peek()] : [...chosen.peek()];
  all[seat] = id;
  wantedModels.value = all;
}

export function addModel(): void {
  const taken = chosen.peek();
  const next = available.peek().find((model) => !taken.includes(model.id)) ?? available.peek()[0];
  if (next && taken.length < maxCompared) wantedModels.value = [...taken, next.id];
}

export function removeModel(seat: number): void {
  wantedModels.value = chosen.peek().filter((_, at) => at !== seat);
}
