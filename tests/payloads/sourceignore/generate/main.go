// Writes the tables beside it, from the library that source-controller uses:
//
//	cd tests/payloads/sourceignore/generate && GOFLAGS=-mod=mod go run . ..
//
// Not part of any build; "make test" only reads the tables.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

const version = "github.com/fluxcd/pkg/sourceignore v0.18.0"

var random = rand.New(rand.NewSource(1))

func one(of ...string) string { return of[random.Intn(len(of))] }

func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r").Replace(s)
}

func create(path, comment string) (*bufio.Writer, func()) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "# "+comment)
	fmt.Fprintln(w, "# as answered by "+version)
	return w, func() { w.Flush(); f.Close() }
}

func randomPath() string {
	parts := []string{}
	for n := 1 + random.Intn(4); n > 0; n-- {
		parts = append(parts, one("a", "b", "ab", "x.yaml", "y.yml", ".github", "a b", "c*", "é"))
	}
	return strings.Join(parts, "/")
}

func randomLine() string {
	var b strings.Builder
	b.WriteString(one("", "", "", "", "!", "#", " ", "\\!", "\\#"))
	b.WriteString(one("", "", "/", "**/", "./"))
	for n := random.Intn(4); n >= 0; n-- {
		b.WriteString(one("a", "b", "ab", "*", "**", "a*", "*b", "?", "[a-b]", "[^a]*", "[", "a\\", "*.yaml",
			"x.yaml", "**a", "", "a b", "c\\*", "é", "[]a]", "[!a]", ".github"))
		if n > 0 {
			b.WriteString(one("/", "/", "/", "//", "/**/", ""))
		}
	}
	b.WriteString(one("", "", "", "/", "/", " ", "  ", "\\ ", "\\  ", "/ ", "/**", "\r", "\t"))
	return b.String()
}

func lines(dir string) {
	w, done := create(filepath.Join(dir, "lines.tsv"), "a line, the path of a file, what the line says of it")
	defer done()
	seen := map[string]bool{}
	counts := map[string]int{}
	for len(seen) < 6000 {
		line, path := randomLine(), randomPath()
		answer := "nothing"
		for _, p := range sourceignore.ReadPatterns(strings.NewReader(line), nil) {
			switch p.Match(strings.Split(path, "/"), false) {
			case gitignore.Exclude:
				answer = "ignored"
			case gitignore.Include:
				answer = "included"
			}
		}
		row := escape(line) + "\t" + path + "\t" + answer
		if seen[row] || (answer == "nothing" && counts[answer] > 3000) {
			continue
		}
		seen[row] = true
		counts[answer]++
		if row[0] == '#' { // a comment to whoever reads the table
			row = "\\x23" + row[1:]
		}
		fmt.Fprintln(w, row)
	}
}

// As source-controller's SourceIgnoreFilter (internal storage) does it.
func matcher(ps []gitignore.Pattern, domain []string) gitignore.Matcher {
	if len(ps) > 0 {
		return sourceignore.NewMatcher(append(sourceignore.VCSPatterns(domain), ps...))
	}
	return sourceignore.NewDefaultMatcher(ps, domain)
}

func randomRules() string {
	text := ""
	for n := random.Intn(3); n >= 0; n-- {
		text += one("/*", "*.yaml", "!*.yaml", "/a/", "!/a", "a/b", "!a/b", "**/b", "b/", "!b/", "# a", "", "x.yaml",
			"!x.yaml", "/**/x.yaml", "a/**", "!a/**", ".github/", "*") + "\n"
	}
	return text
}

func trees(dir string) {
	w, done := create(filepath.Join(dir, "trees.tsv"),
		".sourceignore files (\"dir:\" and their lines), spec.ignore, a path, is it in the artifact")
	defer done()
	dirs := []string{"", "a", "a/b", "b", "a/b/a"}
	names := []string{"x.yaml", "y.yml", ".sops.yaml", ".github/x.yaml", "cloudbuild.yaml", ".gitlab-ci.yml",
		".gitignore", "i.png", "t.tar.gz"}
	for n := 0; n < 400; n++ {
		root, err := os.MkdirTemp("", "trees")
		if err != nil {
			panic(err)
		}
		files := ""
		for _, d := range dirs {
			os.MkdirAll(filepath.Join(root, d), 0o777)
			if random.Intn(4) == 0 {
				text := randomRules()
				os.WriteFile(filepath.Join(root, d, ".sourceignore"), []byte(text), 0o666)
				files += d + ":\n" + text
			}
		}
		domain := strings.Split(root, "/")
		ps, err := sourceignore.LoadIgnorePatterns(root, domain)
		if err != nil {
			panic(err)
		}
		spec := ""
		if random.Intn(3) == 0 {
			spec = randomRules()
			ps = append(ps, sourceignore.ReadPatterns(strings.NewReader(spec), domain)...)
		}
		m := matcher(ps, domain)
		paths := map[string]bool{}
		for len(paths) < 10 {
			paths[filepath.Join(dirs[random.Intn(len(dirs))], names[random.Intn(len(names))])] = true
		}
		sorted := []string{}
		for p := range paths {
			sorted = append(sorted, p)
		}
		sort.Strings(sorted)
		for _, p := range sorted {
			answer := "kept"
			if m.Match(append(append([]string{}, domain...), strings.Split(p, "/")...), false) {
				answer = "ignored"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", escape(files), escape(spec), p, answer)
		}
		os.RemoveAll(root)
	}
}

func main() {
	lines(os.Args[1])
	trees(os.Args[1])
}
