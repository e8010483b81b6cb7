import {render} from 'preact';
import './style/type.css';
import './style/base.css';
import './style/controls.css';
import './style/sidebar.css';
import './style/session.css';
import './style/new_session.css';
import './style/answer.css';
import './style/markdown.css';
import './style/leaderboard.css';
import {attempt, followRoute, loadModels, loadSessions} from './state/app';
import './state/theme';
import {App} from './view/App';

followRoute();
render(<App />, document.getElementById('app')!);
attempt(loadModels());
attempt(loadSessions());
addEventListener('focus', () => void loadSessions().catch(() => {}));
