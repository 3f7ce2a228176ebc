package stack

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	pingTimeout  = 3 * time.Second
	startTimeout = 3 * time.Minute // a first pull takes its time
	stopTimeout  = 20 * time.Second

	postgresImage, postgresPort = "postgres:17-alpine", "5432/tcp"
	redisImage, redisPort       = "redis:8-alpine", "6379/tcp"
)

// dockerPostgres starts a PostgreSQL of the image E2E_POSTGRES_IMAGE.
func dockerPostgres(ctx context.Context, o Options) (*Server, error) {
	const inside = "/var/lib/postgresql/data"
	password := rand.Text()
	var counting []string
	if o.Statements {
		counting = []string{statements} // the images have the library
	}
	options := []testcontainers.ContainerCustomizer{
		testcontainers.WithExposedPorts(postgresPort),
		testcontainers.WithCmd(append([]string{"postgres"}, o.flags(counting...)...)...),
	}
	if o.Keep {
		dir := filepath.Join(o.Dir, "postgres-docker")
		b, err := once(filepath.Join(o.Dir, "postgres-docker.password"), password)
		if err != nil {
			return nil, err
		}
		password = b
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's user must get through to its own folder in it
			return nil, fmt.Errorf("making the folder of PostgreSQL: %w", err)
		}
		options = append(options, testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.Binds = append(h.Binds, dir+":"+inside)
		}), testcontainers.WithConfigModifier(func(c *container.Config) {
			if uid := os.Getuid(); uid > 0 { // so that who runs us can also delete the data
				c.User = strconv.Itoa(uid) + ":" + strconv.Itoa(os.Getgid())
			}
		}))
	} else {
		options = append(options, testcontainers.WithTmpfs(map[string]string{inside: "rw"}))
	}
	options = append(options, testcontainers.WithEnv(map[string]string{"POSTGRES_PASSWORD": password, "PGDATA": inside + "/pgdata"}))
	s, err := runContainer(ctx, o, cmp.Or(os.Getenv("E2E_POSTGRES_IMAGE"), postgresImage), postgresPort, func(host string, port int) (string, func(context.Context) error) {
		url := postgresURL(password, host, port)
		return url, postgresAnswers(url)
	}, options...)
	if err == nil && o.Statements {
		return s.extend(ctx)
	}
	return s, err
}

// dockerRedis starts a Redis of the image E2E_REDIS_IMAGE.
func dockerRedis(ctx context.Context, o Options) (*Server, error) {
	return runContainer(ctx, o, cmp.Or(os.Getenv("E2E_REDIS_IMAGE"), redisImage), redisPort, func(host string, port int) (string, func(context.Context) error) {
		url := redisURL(host, port)
		return url, redisAnswers(url)
	}, testcontainers.WithExposedPorts(redisPort), testcontainers.WithCmd("redis-server", "--save", ""))
}

// runContainer returns the server in a container of image, once it answers at the address that at makes of its port.
func runContainer(ctx context.Context, o Options, image, port string, at func(host string, port int) (string, func(context.Context) error), options ...testcontainers.ContainerCustomizer) (*Server, error) {
	if err := dockerAnswers(ctx); err != nil {
		return nil, err
	}
	o.say("starting a container of %s", image)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	options = append(options, testcontainers.WithLogger(quiet{}), testcontainers.WithWaitStrategy(wait.ForListeningPort(port).WithStartupTimeout(startTimeout)))
	c, err := testcontainers.Run(ctx, image, options...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: a container of %s: %w", errAbsent, image, err), testcontainers.TerminateContainer(c))
	}
	s := &Server{From: "Docker (" + image + ")", stop: func() error {
		end, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		patience := stopTimeout
		return errors.Join(c.Stop(end, &patience), testcontainers.TerminateContainer(c))
	}}
	host, hostErr := c.Host(ctx)
	mapped, portErr := c.MappedPort(ctx, port)
	if err := errors.Join(hostErr, portErr); err != nil {
		return nil, errors.Join(fmt.Errorf("finding the port of %s: %w", image, err), s.stop())
	}
	url, answers := at(host, int(mapped.Num()))
	s.URL = url
	if s.ended, err = endOf(c.GetContainerID()); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if err := until(ctx, s.ended, answers); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not answer: %w", image, err), s.stop())
	}
	return s, nil
}

// dockerAnswers returns errAbsent where there is no Docker.
func dockerAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	p, err := testcontainers.NewDockerProvider(testcontainers.Generic2DockerOptions(testcontainers.WithLogger(quiet{}))...)
	if err == nil {
		err = p.Health(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w: Docker does not answer", errAbsent)
	}
	return nil
}

// endOf returns what is closed when the container is not running any more.
func endOf(id string) (<-chan struct{}, error) {
	cli, err := testcontainers.NewDockerClientWithOpts(context.Background())
	if err != nil {
		return nil, fmt.Errorf("watching a container: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() { _ = cli.Close() }() // only watched
		w := cli.ContainerWait(context.Background(), id, client.ContainerWaitOptions{})
		select {
		case <-w.Result:
		case <-w.Error: //nolint:errcheck // whatever it is, nobody watches any more
		}
	}()
	return ended, nil
}

// until asks again and again until answers returns nil.
func until(ctx context.Context, ended <-chan struct{}, answers func(context.Context) error) error {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.Join(errors.New("the container ended"), err)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-again.C:
		}
	}
}

// quiet drops what the library says while all goes well; what goes wrong it returns.
type quiet struct{}

// Printf implements its logger.
func (quiet) Printf(string, ...any) {}
