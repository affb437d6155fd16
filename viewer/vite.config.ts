import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.MICROTOME_SERVER ?? 'http://127.0.0.1:8300';

/** The web application: index.html and hashed assets, below any address. */
export default defineConfig({
  base: './',
  plugins: [react()],
  build: { outDir: '../src/microtome/viewer/static/app', emptyOutDir: true },
  server: { proxy: { '/api': server } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
  },
});
