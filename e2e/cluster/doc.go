// Package cluster installs the store on a real Kubernetes cluster and shows that it goes on while the cluster changes under
// it: `make e2e-k8s`. It drives kubectl and helm as an operator would, and calls the gateway's Service as a client would.
//
// The tests take the cluster of KUBECONFIG, in a namespace of their own, and drain one of its nodes. They are built with
// the tag cluster only, so that `make test` needs none.
package cluster
