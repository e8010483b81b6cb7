import assert from 'node:assert/strict';
import test from 'node:test';
import {placeOn, scaleOf} from '../src/view/rating_scale';

const around = (rating: number, width: number) => ({rating, low: rating - width, high: rating + width});

test('a scale holds all intervals, and has round numbers on it', () => {
  const scale = scaleOf([around(1104, 20), around(1000, 15), around(893, 30)]);
  assert.deepEqual(scale, {from: 863, to: 1124, ticks: [900, 950, 1000, 1050, 1100]});
});

test('a model with few votes leaves the others their room', () => {
  const others = [around(1050, 10), around(1000, 10), around(950, 10)];
  const scale = scaleOf([...others, around(940, 400)]);
  assert.deepEqual([scale.from, scale.to], [885, 1105]);
});

test('where all have few votes, their intervals are shown whole', () => {
  const scale = scaleOf([around(1010, 200), around(990, 220)]);
  assert.deepEqual([scale.from, scale.to], [770, 1210]);
});

test('equal models have a scale, too', () => {
  const scale = scaleOf([around(1000, 3), around(1000, 3)]);
  assert.deepEqual(scale, {from: 997, to: 1003, ticks: [1000]});
});

test('places are in percent, and what is beyond the ends is at them', () => {
  const scale = {from: 900, to: 1100, ticks: []};
  assert.deepEqual([850, 900, 1000, 1150].map((rating) => placeOn(scale, rating)), [0, 0, 50, 100]);
});
