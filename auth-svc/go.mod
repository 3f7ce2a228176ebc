module github.com/slippers-api/slippers/auth-svc

go 1.26.0

require (
	github.com/slippers-api/slippers/kit v0.0.0
	github.com/slippers-api/slippers/migrations v0.0.0
)

replace (
	github.com/slippers-api/slippers/kit => ../kit
	github.com/slippers-api/slippers/migrations => ../migrations
)
