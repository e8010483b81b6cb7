// The API for people to read and try, at /docs/: Swagger UI with the server's own description. Nothing is loaded from elsewhere.
import 'swagger-ui-dist/swagger-ui.css';
import './style/docs.css';
import SwaggerUI, {type Plugin} from 'swagger-ui-dist/swagger-ui-es-bundle.js';

/** What screen readers stumble over: a choice without a name (there is one server, this one), headings that skip
 * a level, and text outside of any landmark. */
const accessible: Plugin = ({React}) => ({
  wrapComponents: {
    ServersContainer: () => () => null,
    InfoContainer: (Info) => (props) => React.createElement('section', {'aria-label': 'About'}, React.createElement(Info, props)),
    operations: (Operations) => (props) => React.createElement('section', null, React.createElement('h2', null, 'Paths'), React.createElement(Operations, props)),
  },
});

SwaggerUI({
  url: '/openapi.json',
  dom_id: '#docs',
  defaultModelsExpandDepth: 0,
  // Its own badge would ask a server elsewhere.
  validatorUrl: null,
  plugins: [accessible],
});
