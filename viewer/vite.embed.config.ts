import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** What single files and notebooks carry: one script and one style sheet, with no import. */
export default defineConfig({
  plugins: [react()],
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    outDir: '../src/microtome/viewer/static/embed',
    emptyOutDir: true,
    cssCodeSplit: false,
    lib: {
      entry: 'src/embed.tsx',
      formats: ['es'],
      fileName: () => 'viewer.js',
      cssFileName: 'viewer',
    },
  },
});
