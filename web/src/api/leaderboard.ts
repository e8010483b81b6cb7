// GET /api/leaderboard/: how models fare in people's votes.

import {request} from './http';

export type Period = 'all' | '30d' | '7d';

export interface Standing {
  model: {id: string; display_name: string};
  /** A Bradley–Terry strength, on Elo's scale, with its bootstrap interval. */
  rating: number;
  low: number;
  high: number;
  votes: number;
  wins: number;
  losses: number;
  ties: number;
  both_bad: number;
}

export interface Leaderboard {
  period: Period;
  votes: number;
  /** Best first. */
  data: Standing[];
  /** `wins[i][j]`: how often `models[i]` won against `models[j]`. */
  win_matrix: {models: string[]; wins: number[][]};
}

export const readLeaderboard = (period: Period) => request<Leaderboard>('GET', `/api/leaderboard/?period=${period}`);
