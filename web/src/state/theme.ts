// Light, dark, or as the system has it.

import {stored} from './stored';

export type Theme = 'system' | 'light' | 'dark';

const isTheme = (value: unknown): value is Theme => value === 'system' || value === 'light' || value === 'dark';

export const theme = stored<Theme>('theme', 'system', isTheme);

theme.subscribe((now) => {
  if (now === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = now;
});
