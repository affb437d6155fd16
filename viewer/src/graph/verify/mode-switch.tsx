import { type Mode, MODES } from './words';

interface ModeSwitchProps {
  modes: Mode[];
  mode: Mode;
  set: (mode: Mode) => void;
}

export function ModeSwitch({ modes, mode, set }: ModeSwitchProps) {
  return (
    <span className="mode-switch small" role="group" aria-label="What is frozen">
      {modes.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === mode}
          title={MODES[name]}
          onClick={() => set(name)}
        >
          {name}
        </button>
      ))}
    </span>
  );
}
