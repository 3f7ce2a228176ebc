package seed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// pictured is how many slippers have pictures of their own. The others of a large shop share theirs.
const pictured = 300

// photo is a picture that a slipper has of its own.
type photo struct {
	slipper int // its id
	picture
}

// key is where it is stored. It says what it shows, because a key must name the same bytes for ever.
func (p photo) key() string { return fmt.Sprintf("slippers/%d/%s.jpg", p.slipper, p.picture) }

// images returns for each slipper what it shows, and for each picture who has it as an own one.
func (s *shop) images() (bySlipper [][views]photo, owners map[picture][]photo) {
	bySlipper, owners = make([][views]photo, len(s.slippers)), map[picture][]photo{}
	for n, one := range s.slippers {
		for v := range views {
			p := one.picture(v)
			if n < pictured || len(owners[p]) == 0 {
				owners[p] = append(owners[p], photo{n + 1, p})
				bySlipper[n][v] = photo{n + 1, p}
			} else {
				bySlipper[n][v] = owners[p][0]
			}
		}
	}
	return bySlipper, owners
}

// hang draws the pictures, each once, and stores them for every slipper that has them. It returns how many it stored.
func (s *shop) hang(ctx context.Context, folder string) (stored int, err error) {
	if folder == "" {
		return 0, nil
	}
	_, owners := s.images()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for p, images := range owners {
		stored += len(images)
		work.Go(func() error {
			body, err := p.jpeg()
			if err != nil {
				return err
			}
			for _, i := range images {
				if err := ctx.Err(); err != nil {
					return err
				}
				file := filepath.Join(folder, filepath.FromSlash(i.key()))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // everybody may see pictures
					return fmt.Errorf("making the folder of %s: %w", i.key(), err)
				}
				if err := os.WriteFile(file, body, 0o644); err != nil { //nolint:gosec // everybody may see pictures
					return fmt.Errorf("storing %s: %w", i.key(), err)
				}
			}
			return nil
		})
	}
	return stored, work.Wait()
}
