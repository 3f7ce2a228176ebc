// Starts ReDoc on our document. A file of its own, because the page allows no inline script.
Redoc.init('/openapi.json', { disableGoogleFont: true, hideLogo: true }, document.getElementById('ui'));
