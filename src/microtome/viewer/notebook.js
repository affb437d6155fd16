
/* Shows the widget's document; after the viewer's own script, which ends with its exports. */

function notebookTheme() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === 'true' ? 'light' : 'dark';
  if (vscodeThemeKind) return vscodeThemeKind.includes('light') ? 'light' : 'dark';
  return 'light'; // classic notebooks and exported pages are light whatever the system is
}

function render({ model, el }) {
  let stop = () => {};
  const show = () => {
    stop();
    const box = document.createElement('div');
    box.style.height = `${model.get('height')}px`;
    el.replaceChildren(box);
    stop = $MOUNT(box, JSON.parse(model.get('document')), { theme: notebookTheme() });
  };
  model.on('change:document', show);
  model.on('change:height', show);
  show();
  return () => {
    model.off('change:document', show);
    model.off('change:height', show);
    stop();
  };
}

export default { render };
