import {useEffect, useState} from 'preact/hooks';
import {readLeaderboard, type Leaderboard, type Period, type Standing} from '../api/leaderboard';
import {reason} from '../api/http';
import {SidebarButton} from './Sidebar';

const periods: {period: Period; label: string}[] = [
  {period: 'all', label: 'All time'},
  {period: '30d', label: '30 days'},
  {period: '7d', label: '7 days'},
];

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
        {board && board.data.length === 0 && <p class="hint">No votes yet. They are cast below the answers of two models.</p>}
        {board && board.data.length > 0 && (
          <>
            <p class="hint">
              {board.votes.toLocaleString()} votes. The dot is a model’s strength in direct comparisons (Bradley–Terry, on Elo’s scale), the line
              where it lies with 95 % certainty: models whose lines overlap may be equally good.
            </p>
            <Standings list={board.data} />
            <WinMatrix board={board} />
          </>
        )}
      </div>
    </div>
  );
}

function Standings({list}: {list: Standing[]}) {
  const least = Math.min(...list.map((each) => each.low));
  const span = Math.max(...list.map((each) => each.high)) - least || 1;
  const share = (rating: number) => `${((rating - least) / span) * 100}%`;
  return (
    <table class="standings">
      <thead>
        <tr>
          <th scope="col">#</th>
          <th scope="col">Model</th>
          <th scope="col" class="plot">
            <span class="hidden">Plot</span>
          </th>
          <th scope="col">Rating</th>
          <th scope="col">95 %</th>
          <th scope="col">Votes</th>
          <th scope="col">Won</th>
          <th scope="col">Lost</th>
          <th scope="col">Tied</th>
        </tr>
      </thead>
      <tbody>
        {list.map((each, at) => (
          <tr key={each.model.id}>
            <td>{at + 1}</td>
            <th scope="row">{each.model.display_name}</th>
            <td class="plot">
              <div class="track" aria-hidden="true">
                <span class="interval" style={{left: share(each.low), right: `calc(100% - ${share(each.high)})`}} />
                <span class="rating" style={{left: share(each.rating)}} />
              </div>
            </td>
            <td>
              <strong>{Math.round(each.rating)}</strong>
            </td>
            <td>
              {Math.round(each.low)} – {Math.round(each.high)}
            </td>
            <td>{each.votes}</td>
            <td>{each.wins}</td>
            <td>{each.losses}</td>
            <td>{each.ties + each.both_bad}</td>
          </tr>
        ))}
      </tbody>
    </table>
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
      <table class="matrix">
        <thead>
          <tr>
            <td />
            {models.map((id) => (
              <th scope="col">{name(id)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {models.map((id, row) => (
            <tr key={id}>
              <th scope="row">{name(id)}</th>
              {models.map((_, column) => {
                const won = wins[row]?.[column] ?? 0;
                const decided = won + (wins[column]?.[row] ?? 0);
                if (row === column || decided === 0) return <td class="none">–</td>;
                const percent = Math.round((won / decided) * 100);
                return (
                  <td title={`${won} of ${decided}`} style={{'--share': `${percent * 0.45}%`}}>
                    {percent} %
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
