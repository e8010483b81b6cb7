import {useEffect, useState} from 'preact/hooks';
import {readLeaderboard, type Leaderboard, type Period, type Standing} from '../api/leaderboard';
import {reason} from '../api/http';
import {onLinkClick} from '../state/route';
import {placeOn, scaleOf, type Scale} from './rating_scale';
import {SidebarButton} from './Sidebar';

const periods: {period: Period; label: string}[] = [
  {period: 'all', label: 'All time'},
  {period: '30d', label: '30 days'},
  {period: '7d', label: '7 days'},
];

/** Where the ratings' mean is; the server puts it there. */
const meanRating = 1000;

export function LeaderboardView() {
  const [period, setPeriod] = useState<Period>('all');
  const [board, setBoard] = useState<Leaderboard | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let wanted = true;
    readLeaderboard(period).then(
      (read) => wanted && (setBoard(read), setProblem('')),
      (why: unknown) => wanted && setProblem(reason(why)),
    );
    return () => void (wanted = false);
  }, [period]);
  return (
    <div class="leaderboard">
      <header class="bar">
        <SidebarButton />
        <h1>Leaderboard</h1>
        <fieldset class="modes">
          <legend class="hidden">Period</legend>
          {periods.map((each) => (
            <label class="mode">
              <input type="radio" name="period" checked={each.period === period} onChange={() => setPeriod(each.period)} />
              <span>{each.label}</span>
            </label>
          ))}
        </fieldset>
      </header>
      <div class="leaderboard-body" tabIndex={0} role="region" aria-label="Standings">
        {problem && <p role="alert">{problem}</p>}
        {board && board.data.length === 0 && <NoVotes period={board.period} />}
        {board && board.data.length > 0 && (
          <>
            <p class="hint">
              {board.votes === 1 ? 'One vote.' : `${board.votes.toLocaleString('en')} votes.`} A dot is a model’s strength in direct comparisons (Bradley–Terry, on
              Elo’s scale), the bar where it lies with 95 % certainty: models whose bars overlap may be equally good.
            </p>
            <Standings list={board.data} />
            <WinMatrix board={board} />
          </>
        )}
      </div>
    </div>
  );
}

function NoVotes({period}: {period: Period}) {
  return (
    <div class="no-votes">
      <h2>{period === 'all' ? 'No votes yet' : 'No votes in this time'}</h2>
      <p class="hint">In a random session two models answer without their names. Your vote tells which was better, and shows who they were.</p>
      <a class="button" href="/" onClick={onLinkClick}>
        New session
      </a>
    </div>
  );
}

function Standings({list}: {list: Standing[]}) {
  const scale = scaleOf(list);
  return (
    <table class="standings">
      <thead>
        <tr>
          <th scope="col">
            <span aria-hidden="true">#</span>
            <span class="hidden">Rank</span>
          </th>
          <th scope="col">Model</th>
          <th scope="col" class="plot">
            <span class="hidden">Plot</span>
            <div class="track" aria-hidden="true">
              {scale.ticks.map((tick) => (
                <span class="tick-label" style={{left: `${placeOn(scale, tick)}%`}}>
                  {tick}
                </span>
              ))}
            </div>
          </th>
          <th scope="col">Rating</th>
          <th scope="col">95 %</th>
          <th scope="col">Votes</th>
          <th scope="col" class="only-wide">
            Won
          </th>
          <th scope="col" class="only-wide">
            Lost
          </th>
          <th scope="col" class="only-wide">
            Tied
          </th>
          <th scope="col" class="only-wide">
            Both bad
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((each, at) => (
          <tr key={each.model.id}>
            <td>{at + 1}</td>
            <th scope="row">{each.model.display_name}</th>
            <td class="plot">
              <Interval its={each} scale={scale} />
            </td>
            <td>
              <strong>{Math.round(each.rating)}</strong>
            </td>
            <td>
              {Math.round(each.low)} – {Math.round(each.high)}
            </td>
            <td>{each.votes.toLocaleString('en')}</td>
            <td class="only-wide">{each.wins.toLocaleString('en')}</td>
            <td class="only-wide">{each.losses.toLocaleString('en')}</td>
            <td class="only-wide">{each.ties.toLocaleString('en')}</td>
            <td class="only-wide">{each.both_bad.toLocaleString('en')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Interval({its, scale}: {its: Standing; scale: Scale}) {
  const low = placeOn(scale, its.low);
  return (
    <div class="track" aria-hidden="true">
      {scale.ticks.map((tick) => (
        <span class={tick === meanRating ? 'tick mean' : 'tick'} style={{left: `${placeOn(scale, tick)}%`}} />
      ))}
      <span class={`interval ${its.low < scale.from ? 'from-below' : ''} ${its.high > scale.to ? 'to-above' : ''}`} style={{left: `${low}%`, width: `${placeOn(scale, its.high) - low}%`}} />
      <span class="rating" style={{left: `${placeOn(scale, its.rating)}%`}} />
    </div>
  );
}

/** Of the votes between two that had a winner, how many the row's model won. */
function WinMatrix({board: {data, win_matrix}}: {board: Leaderboard}) {
  const name = (id: string) => data.find((each) => each.model.id === id)?.model.display_name ?? id;
  const {models, wins} = win_matrix;
  if (models.length < 2) return null;
  return (
    <section>
      <h2>Won against</h2>
      <p class="hint">Of the votes between two that had a winner, how many the model at the left won against the one above.</p>
      <div class="matrix-box" tabIndex={0} role="region" aria-label="Won against">
        <table class="matrix">
          <thead>
            <tr>
              <td />
              {models.map((id) => (
                <th scope="col">
                  <span>{name(id)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {models.map((id, row) => (
              <tr key={id}>
                <th scope="row">{name(id)}</th>
                {models.map((_, column) => (
                  <Share won={wins[row]?.[column] ?? 0} lost={wins[column]?.[row] ?? 0} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Share({won, lost}: {won: number; lost: number}) {
  if (won + lost === 0) return <td class="none">–</td>;
  const percent = Math.round((won / (won + lost)) * 100);
  const lead = percent - 50;
  return (
    <td class={lead < 0 ? 'behind' : 'ahead'} style={{'--lead': `${Math.abs(lead)}%`}} title={`${won} of ${won + lost}`}>
      {percent} %
    </td>
  );
}
