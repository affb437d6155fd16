import { useEffect, useState } from 'react';

interface CopyProps {
  text: string | (() => string);
  children: string;
  className?: string;
}

/** A button that copies a text, and says that it did. */
export function Copy({ text, children, className = 'plain' }: CopyProps) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = said ? setTimeout(() => setSaid(''), 1600) : undefined;
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : text());
      setSaid('Copied');
    } catch {
      setSaid('The browser refused');
    }
  };
  return (
    <button type="button" className={className} onClick={() => void copy()}>
      {children}
      <span role="status">{said && ` ✓ ${said}`}</span>
    </button>
  );
}

/** A command for the terminal. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <Copy text={text}>Copy</Copy>
    </div>
  );
}
