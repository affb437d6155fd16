import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { TokenText } from './token-text';

const TOKENS = ['Once', ' upon', ' a', '\n'];
const VALUES = [0, 2, 0.5, 0];

describe('text with activations', () => {
  it('colours active tokens by strength and marks the peak', () => {
    const { container } = render(
      <TokenText tokens={TOKENS} values={VALUES} maximum={2} peak={1} />,
    );
    const tokens = [...container.querySelectorAll<HTMLElement>('.token')];
    expect(tokens.map((t) => t.classList.contains('on'))).toEqual([false, true, true, false]);
    expect(tokens.map((t) => t.style.getPropertyValue('--strength'))).toEqual([
      '',
      '100%',
      '34%',
      '',
    ]);
    expect(tokens[1]?.classList.contains('peak')).toBe(true);
    expect(tokens[3]?.textContent).toBe('⏎');
  });

  it('tells values to the keyboard, from the peak on', async () => {
    const choose = vi.fn();
    const user = userEvent.setup();
    render(<TokenText tokens={TOKENS} values={VALUES} maximum={2} peak={1} choose={choose} />);
    await user.tab();
    expect(screen.getByRole('status').textContent).toBe('2');
    await user.keyboard('{ArrowRight}');
    expect(screen.getByRole('status').textContent).toBe('0.5');
    await user.keyboard('{Enter}');
    expect(choose).toHaveBeenCalledWith(2);
    await user.keyboard('{End}{ArrowRight}');
    expect(screen.getByRole('status').textContent).toBe('0');
  });

  it('tells them to the pointer', async () => {
    const user = userEvent.setup();
    render(<TokenText tokens={TOKENS} values={VALUES} maximum={2} />);
    await user.hover(screen.getByText('upon'));
    expect(screen.getByRole('status').textContent).toBe('2');
  });
});
