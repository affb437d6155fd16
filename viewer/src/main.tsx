import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { HttpSource } from './source';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <StrictMode>
    <App source={new HttpSource()} />
  </StrictMode>,
);
