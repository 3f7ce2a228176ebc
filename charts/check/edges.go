package check

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Endpoint is a Pod, or an address outside (with neither namespace nor labels).
type Endpoint struct {
	Namespace string
	// NamespaceLabels and Labels are what selectors see.
	NamespaceLabels, Labels map[string]string
	// Ports are those that have names.
	Ports map[string]int32
	IP    netip.Addr
}

// Policies are the NetworkPolicies of one namespace.
type Policies struct {
	Namespace string
	Of        Objects
}

// Allow says whether a connection from one to another passes, as a network that enforces policies would decide: each side
// that some policy selects needs a rule of its own for it.
func (p Policies) Allow(from, to Endpoint, port int32, protocol corev1.Protocol) bool {
	leaves, enters := true, true
	for _, policy := range of[*networkingv1.NetworkPolicy](p.Of) {
		spec := policy.Spec
		if slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeEgress) && p.covers(policy, from) {
			leaves = false
		}
		if slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeIngress) && p.covers(policy, to) {
			enters = false
		}
	}
	for _, policy := range of[*networkingv1.NetworkPolicy](p.Of) {
		if p.covers(policy, from) {
			for _, rule := range policy.Spec.Egress {
				leaves = leaves || p.anyPeer(rule.To, to) && anyPort(rule.Ports, to, port, protocol)
			}
		}
		if p.covers(policy, to) {
			for _, rule := range policy.Spec.Ingress {
				enters = enters || p.anyPeer(rule.From, from) && anyPort(rule.Ports, to, port, protocol)
			}
		}
	}
	return leaves && enters
}

func (p Policies) covers(policy *networkingv1.NetworkPolicy, e Endpoint) bool {
	return e.Namespace == p.Namespace && selects(&policy.Spec.PodSelector, e.Labels)
}

func (p Policies) anyPeer(peers []networkingv1.NetworkPolicyPeer, e Endpoint) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			return within(peer.IPBlock, e.IP)
		}
		if e.Namespace == "" {
			return false
		}
		if peer.NamespaceSelector == nil && e.Namespace != p.Namespace {
			return false
		}
		if peer.NamespaceSelector != nil && !selects(peer.NamespaceSelector, e.NamespaceLabels) {
			return false
		}
		return peer.PodSelector == nil || selects(peer.PodSelector, e.Labels)
	})
}

func within(block *networkingv1.IPBlock, ip netip.Addr) bool {
	contains := func(cidr string) bool {
		prefix, err := netip.ParsePrefix(cidr)
		return err == nil && prefix.Contains(ip)
	}
	return contains(block.CIDR) && !slices.ContainsFunc(block.Except, contains)
}

func anyPort(ports []networkingv1.NetworkPolicyPort, to Endpoint, port int32, protocol corev1.Protocol) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		spoken := corev1.ProtocolTCP
		if p.Protocol != nil {
			spoken = *p.Protocol
		}
		if spoken != protocol {
			return false
		}
		switch {
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return to.Ports[p.Port.StrVal] == port
		case p.EndPort != nil:
			return p.Port.IntVal <= port && port <= *p.EndPort
		default:
			return p.Port.IntVal == port
		}
	})
}
