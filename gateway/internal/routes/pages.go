package routes

import (
	"math"
	"time"

	"github.com/slippers-api/slippers/gateway/internal/edge"
)

// What may be kept, and which tags end it: catalog-svc gives them new stamps beside the writes. Parameters are in the order
// of their names, with catalog-svc's own defaults and bounds (API.md).
var (
	slipperList = &edge.Page{
		Name: "slippers", Path: "/slippers", TTL: 300 * time.Second, Tags: []string{"slippers"},
		Params: []edge.Param{
			edge.ID("category_id"), edge.Cursor("cursor", 1024), edge.Flag("in_stock", ""), edge.Flag("include_images", "true"),
			edge.Whole("limit", "20", 1, 100), edge.Amount("max_price"), edge.Amount("min_price"), edge.Text("search", 100),
			edge.Text("size", 20), edge.Whole("skip", "", 0, math.MaxInt32),
			edge.OneOf("sort", "id_desc", "id_asc", "name_asc", "name_desc", "price_asc", "price_desc", "created_asc", "created_desc"),
		},
	}
	slipperItem = &edge.Page{
		Name: "slipper", Path: "/slippers/:id", TTL: 600 * time.Second, Tags: []string{"slipper", "slipper:*"},
		Params: []edge.Param{edge.Flag("include_images", "true")},
	}
	slipperImages = &edge.Page{
		Name: "images", Path: "/slippers/:id/images", TTL: 600 * time.Second, Tags: []string{"slipper", "slipper:*"},
	}
	categoryList = &edge.Page{
		Name: "categories", Path: "/categories", TTL: 600 * time.Second, Tags: []string{"categories"},
		Params: []edge.Param{edge.Cursor("cursor", 1024), edge.Whole("limit", "100", 1, 100), edge.Whole("skip", "", 0, math.MaxInt32)},
	}
	categoryItem = &edge.Page{
		Name: "category", Path: "/categories/:id", TTL: 600 * time.Second, Tags: []string{"category", "category:*"},
	}
)
