// Icons, drawn on a grid of 20 with one stroke. They are decoration: the button around them has the name.

const paths = {
  plus: 'M10 4v12M4 10h12',
  search: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12ZM17 17l-3.8-3.8',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  send: 'M10 16V4M5 9l5-5 5 5',
  stop: 'M6 6h8v8H6z',
  again: 'M15.5 7.5A6 6 0 1 0 16 10.5M16 4v3.7h-3.7',
  copy: 'M7.5 7.5h8v8h-8zM4.5 12.5v-8h8',
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  edit: 'M12.5 5l2.5 2.5M5 15l.7-3.2 7.6-7.6a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2L8.2 14.3Z',
  left: 'M12 5l-5 5 5 5',
  right: 'M8 5l5 5-5 5',
  down: 'M5 8l5 5 5-5',
  menu: 'M3.5 6h13M3.5 10h13M3.5 14h13',
  close: 'M5 5l10 10M15 5L5 15',
  sun: 'M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM10 2.5v1.2M10 16.3v1.2M2.5 10h1.2M16.3 10h1.2M4.7 4.7l.9.9M14.4 14.4l.9.9M15.3 4.7l-.9.9M5.6 14.4l-.9.9',
  moon: 'M16 11.5A6.5 6.5 0 1 1 8.5 4a5 5 0 0 0 7.5 7.5Z',
  screen: 'M3 4.5h14v9H3zM7.5 16.5h5',
  one: 'M4.5 4.5h11v11h-11z',
  columns: 'M3.5 4.5h5.5v11H3.5zM11 4.5h5.5v11H11z',
  dice: 'M4.5 4.5h11v11h-11zM7.5 7.5h.01M12.5 12.5h.01M12.5 7.5h.01M7.5 12.5h.01',
  chart: 'M4 16V9M10 16V4M16 16v-5',
  warning: 'M10 3.5l7.5 13h-15ZM10 8.5v3.5M10 14.3h.01',
} as const;

export type IconName = keyof typeof paths;

export function Icon({name}: {name: IconName}) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
