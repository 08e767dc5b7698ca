"""Google Cloud on 127.0.0.1: a WSGI application over a world in memory, on the sandbox server's second port.

The services share one host and are told apart by their paths. Who asks is in `Authorization: Bearer
sandbox:MEMBER` (sandbox.gcp_server.access.identity); `sandbox:user:admin@example.com` owns the project
`keyplan-sandbox` (number 123456789012), which paths may name by either. P is projects/PROJECT, L a location.

| service | paths |
|---|---|
| Secret Manager v1 | POST, GET /v1/P/secrets; GET, PATCH, DELETE …/secrets/S; POST …/S:addVersion |
| | GET …/S:getIamPolicy; POST …/S:setIamPolicy, :testIamPermissions |
| | GET …/S/versions, …/versions/V, …/V:access; POST …/V:enable, :disable, :destroy |
| Resource Manager v1, v3 | GET /v1/P, /v3/P; POST …:getIamPolicy, :setIamPolicy, :testIamPermissions |
| | GET, POST /v1/projects; GET /v1/operations/O (Service Usage's too) |
| Service Usage v1 | GET /v1/P/services, …:batchGet, …/services/S; POST …:batchEnable, …/S:enable, :disable |
| IAM v1 | POST, GET /v1/P/serviceAccounts; GET, PATCH, DELETE …/A; POST …/A:disable, :enable |
| | POST …/A:getIamPolicy, :setIamPolicy (the project may be `-`) |
| | POST, GET /v1/P/roles; GET, PATCH, DELETE …/R; POST …/R:undelete; GET /v1/roles/R |
| | POST, GET /v1/P/locations/global/workloadIdentityPools; GET, PATCH, DELETE …/POOL; POST …:undelete |
| | POST …/POOL:getIamPolicy, :setIamPolicy; the same of …/POOL/providers; GET …/operations/O |
| Security Token Service v1 | POST /v1/token (JSON or a form; needs no credential) |
| IAM Credentials v1 | POST /v1/P/serviceAccounts/A:generateAccessToken |
| Pub/Sub v1 | PUT, GET, PATCH, DELETE /v1/P/topics/T; GET /v1/P/topics; POST …/T:publish; policies |
| Monitoring v3 | POST, GET /v3/P/alertPolicies, /v3/P/notificationChannels; GET, PATCH, DELETE of one |
| Logging v2 | POST, GET /v2/P/metrics; GET, PUT, DELETE …/M; POST /v2/entries:list, /v2/entries:write |
| Cloud Scheduler v1 | POST, GET /v1/P/locations/L/jobs; GET, PATCH, DELETE …/J; POST …/J:pause, :resume |
| Cloud Functions v2 | POST, GET /v2/P/locations/L/functions; GET, PATCH, DELETE …/F; policies |
| Cloud Run v2 | the same of /v2/P/locations/L/services and …/jobs; GET /v2/P/locations/L/operations/O |
| Cloud Storage v1 | POST, GET /storage/v1/b; GET, PATCH, PUT, DELETE …/b/B; GET, PUT …/B/iam |
| | POST /upload/storage/v1/b/B/o; GET …/B/o; GET (also alt=media), DELETE …/B/o/O |

Anything else is answered with 501 and names itself. Names, ids and fields are Google's: its discovery
documents say what a request may hold and, in the tests, what an answer has to look like.
"""
