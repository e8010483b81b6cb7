// Its package comes without types; these are of what docs.ts uses.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  type Component = (props: object) => unknown;
  interface System {
    React: {createElement(type: string | Component, props: object | null, ...children: unknown[]): unknown};
  }
  export type Plugin = (system: System) => {wrapComponents: Record<string, (original: Component) => Component>};

  const SwaggerUI: (options: {url: string; dom_id: string; defaultModelsExpandDepth: number; validatorUrl: null; plugins: Plugin[]}) => unknown;
  export default SwaggerUI;
}
