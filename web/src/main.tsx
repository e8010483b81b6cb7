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
import {followRoute, loadModels, loadSessions, reason, tell} from './state/app';
import {findFeatures} from './state/features';
import './state/theme';
import {App} from './view/App';

const attempt = (doing: Promise<unknown>) => doing.catch((problem: unknown) => tell(reason(problem)));

followRoute();
render(<App />, document.getElementById('app')!);
void attempt(loadModels());
void attempt(loadSessions());
void findFeatures();
addEventListener('focus', () => void loadSessions().catch(() => {}));
