module generate

go 1.22

require (
	github.com/bmatcuk/doublestar/v4 v4.10.0
	github.com/gobwas/glob v0.2.3
)
