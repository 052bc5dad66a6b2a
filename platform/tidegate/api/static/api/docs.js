"use strict";
// The strict content-security policy allows no inline script, so the start lives here.
const root = document.getElementById("swagger-ui");
window.SwaggerUIBundle({
  url: root.dataset.openapi,
  domNode: root,
  deepLinking: true,
  persistAuthorization: false,
  requestInterceptor: (request) => {
    const token = document.cookie.match(/(?:^|; )(?:__Host-)?tidegate_csrf=([^;]+)/);
    if (token) request.headers["X-CSRFToken"] = token[1];
    return request;
  },
});
