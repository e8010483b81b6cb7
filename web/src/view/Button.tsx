import type {ComponentChildren, JSX} from 'preact';
import {Icon, type IconName} from './icons';

type Rest = Omit<JSX.IntrinsicElements['button'], 'icon' | 'label'>;

/** A button of one icon. Its label is its name, and what a pointer that rests on it reads. */
export function IconButton({icon, label, class: more, ...rest}: Rest & {icon: IconName; label: string}) {
  return (
    <button type="button" class={`icon-button ${more ?? ''}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

export function Button({children, kind = 'plain', class: more, ...rest}: Rest & {kind?: 'plain' | 'strong' | 'danger'; children: ComponentChildren}) {
  return (
    <button type="button" class={`button ${kind} ${more ?? ''}`} {...rest}>
      {children}
    </button>
  );
}
