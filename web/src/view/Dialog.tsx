// The browser's own modal dialog: it keeps the focus inside, and gives it back.

import type {ComponentChildren} from 'preact';
import {useEffect, useRef} from 'preact/hooks';

export function Dialog({title, onClose, children}: {title: string; onClose(): void; children: ComponentChildren}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="dialog-title"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog-body">
        <h2 id="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
