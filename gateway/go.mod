module github.com/slippers-api/slippers/gateway

go 1.26.0

require github.com/slippers-api/slippers/kit v0.0.0

replace github.com/slippers-api/slippers/kit => ../kit
