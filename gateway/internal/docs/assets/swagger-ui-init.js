// Starts Swagger UI on our document. A file of its own, because the page allows no inline script.
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#ui',
  deepLinking: true,
  validatorUrl: null,
});
