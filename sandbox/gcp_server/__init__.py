"""Google Cloud on 127.0.0.1: a WSGI application over a world in memory, on the sandbox server's second port.

The services share one host and are told apart by their paths. Who asks is in `Authorization: Bearer
sandbox:MEMBER` (sandbox.gcp_server.access.identity); `sandbox:user:admin@example.com` owns the project
`keyplan-sandbox` (number 123456789012), which paths may name by either.

| service | paths |
|---|---|
| Secret Manager v1 | POST, GET /v1/projects/P/secrets; GET, PATCH, DELETE …/secrets/S; POST …/S:addVersion |
| | GET …/S:getIamPolicy; POST …/S:setIamPolicy, :testIamPermissions |
| | GET …/S/versions, …/versions/V, …/V:access; POST …/V:enable, :disable, :destroy |

Anything else is answered with 501 and names itself.
"""
