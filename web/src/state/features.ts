// What this server offers beyond conversations. A server without votes has no leaderboard, and sessions in random mode need
// votes to reveal their names.

import {signal} from '@preact/signals';

export const votes = signal(false);

export async function findFeatures(): Promise<void> {
  const response = await fetch('/api/leaderboard/').catch(() => null);
  votes.value = response?.ok ?? false;
}
