// The tables of tests/payloads that Go's own code answers: random patterns in
// three dialects, and annotations as Argo CD matches them.
//
//	cd tests/payloads/glob/generate && go run . ../..
//
// The tests only read the tables.  Each is made from a fixed seed, so that it
// only changes with this program or the libraries.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/gobwas/glob"
)

const (
	matches = iota
	doesNot
	malformed
	panics
)

func verdict(matched bool, err error) int {
	switch {
	case err != nil:
		return malformed
	case matched:
		return matches
	}
	return doesNot
}

func goMatch(pattern, text string) int {
	return verdict(path.Match(pattern, text))
}

func doublestarMatch(pattern, text string) int {
	return verdict(doublestar.Match(pattern, text))
}

// It has a panic or two in what it makes of characters that are not ASCII.
func gobwasMatch(pattern, text string) (answer int) {
	defer func() {
		if recover() != nil {
			answer = panics
		}
	}()
	g, err := glob.Compile(pattern)
	if err != nil {
		return malformed
	}
	return verdict(g.Match(text), nil)
}

// A piece of a pattern, and what it may stand for.
type piece struct {
	pattern string
	texts   []string
}

var common = []piece{
	{"a", []string{"a"}}, {"b", []string{"b"}}, {"-", []string{"-"}},
	{"é", []string{"é"}}, {".", []string{"."}}, {"/", []string{"/"}},
	{"/", []string{"/"}}, {"apps/", []string{"apps/"}}, {".yaml", []string{".yaml"}},
	{"?", []string{"a", "é", "/", ".", ""}},
	{"*", []string{"", "a", "ab", "a/b", "é", ".x", "-b.yaml", "/"}},
	{"*", []string{"", "b", "ba"}},
	{"[ab]", []string{"a", "b", "c", "-"}}, {"[a-c]", []string{"a", "c", "d", "/"}},
	{"[^a]", []string{"b", "a", "^", "/"}}, {"[!a]", []string{"b", "a", "!", "/"}},
	{"[à-ï]", []string{"é", "a"}}, {`\*`, []string{"*", "a"}}, {`\a`, []string{"a", `\a`}},
	{`[\]a]`, []string{"]", "a"}}, {"[a", []string{"[a"}}, {"]", []string{"]"}},
	{"[]a]", []string{"]", "a"}}, {"[a-]", []string{"-", "a"}}, {"[-a]", []string{"-", "a"}},
}

var stars = []piece{
	{"**", []string{"", "a", "a/b", "/", "a/b/c"}}, {"**/", []string{"", "a/", "a/b/"}},
	{"/**", []string{"", "/", "/a", "/a/b"}}, {"/**/", []string{"/", "/a/", "/a/b/"}},
}

var braces = []piece{
	{"{a,b}", []string{"a", "b", "c", "ab"}}, {"{a,}", []string{"a", ""}},
	{"{a*,b/c}", []string{"a", "axy", "b/c", "b"}}, {"{a,{b,c}d}", []string{"a", "bd", "cd", "d"}},
	{"{*.yaml,*.yml}", []string{"x.yaml", "x.yml", "d/x.yml"}}, {"{", []string{"{"}},
	{"}", []string{"}"}}, {",", []string{","}}, {"{a}", []string{"a"}}, {`\{`, []string{"{"}},
}

func pick(r *rand.Rand, texts []string) string {
	return texts[r.Intn(len(texts))]
}

// The pieces of one alternative in a group.
var alternatives = []piece{
	{"a", []string{"a"}}, {"b", []string{"b"}}, {"/", []string{"/"}}, {"ab", []string{"ab"}},
	{".yaml", []string{".yaml"}}, {".yml", []string{".yml"}}, {"é", []string{"é"}},
	{"*", []string{"", "a", "a/b", "/"}}, {"**", []string{"", "b", "a/b"}},
}

// A group of braces and a text that one of its alternatives may well match.
func group(r *rand.Rand) (string, string) {
	var patterns, texts []string
	for n := 2 + r.Intn(2); n > 0; n-- {
		pattern, text := "", ""
		for k := 1 + r.Intn(3); k > 0; k-- {
			p := alternatives[r.Intn(len(alternatives))]
			pattern += p.pattern
			text += pick(r, p.texts)
		}
		patterns = append(patterns, pattern)
		texts = append(texts, text)
	}
	return "{" + strings.Join(patterns, ",") + "}", pick(r, texts)
}

// A pattern and a text that it may well match.
func random(r *rand.Rand, pieces []piece) (string, string) {
	pattern, text := "", ""
	for n := 1 + r.Intn(6); n > 0; n-- {
		p := pieces[r.Intn(len(pieces))]
		pattern += p.pattern
		text += pick(r, p.texts)
	}
	if r.Intn(4) == 0 && len(text) > 0 {
		other := pieces[r.Intn(len(pieces))]
		at := r.Intn(len(text) + 1)
		text = text[:at] + pick(r, other.texts) + text[at:]
	}
	return pattern, text
}

func escape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '%' || c == '#' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func create(directory, name string) (*os.File, *bufio.Writer) {
	file, err := os.Create(filepath.Join(directory, name))
	if err != nil {
		panic(err)
	}
	return file, bufio.NewWriter(file)
}

func writeGlobs(directory, name, title string, rows int, pieces []piece, groups bool,
	match func(string, string) int) {
	file, out := create(directory, name)
	defer file.Close()
	defer out.Flush()
	r := rand.New(rand.NewSource(1))
	seen := map[string]bool{}
	counts := [4]int{}
	fmt.Fprintf(out, "# pattern, text (bytes as %%XX), 0 matches, 1 does not, 2 malformed, 3 panics:\n"+
		"# random ones, as answered by %s (generate)\n", title)
	for total := 0; total < rows; {
		pattern, text := random(r, pieces)
		if groups && r.Intn(2) == 0 {
			pattern, text = group(r)
		}
		answer := match(pattern, text)
		key := pattern + "\t" + text
		if seen[key] || (answer == malformed && counts[malformed] > rows/10) ||
			(answer == doesNot && counts[doesNot] > rows/2) {
			continue
		}
		seen[key] = true
		counts[answer]++
		total++
		fmt.Fprintf(out, "%s\t%s\t%d\n", escape(pattern), escape(text), answer)
	}
}

// Argo CD, util/app/path/path.go (GetSourceRefreshPaths, AppFilesHaveChanged)
// and util/security/path_traversal.go, at 37ee0097cf; Apache License 2.0.

func refreshPaths(sourcePath, annotation string) []string {
	var paths []string
	if annotation != "" {
		for _, item := range strings.Split(annotation, ";") {
			item = strings.TrimSpace(item)
			if item == "" {
				continue
			}
			if filepath.IsAbs(item) {
				paths = append(paths, item[1:])
				continue
			}
			paths = append(paths, filepath.Clean(filepath.Join(sourcePath, item)))
		}
	}
	return paths
}

func filesHaveChanged(refreshPaths []string, changedFiles []string) bool {
	if len(changedFiles) == 0 {
		return true
	}
	if len(refreshPaths) == 0 {
		return true
	}
	for _, f := range changedFiles {
		f = ensureAbsPath(f)
		for _, item := range refreshPaths {
			item = ensureAbsPath(item)
			if f == item {
				return true
			} else if enforceToCurrentRoot(item, f) {
				return true
			} else if matched, err := filepath.Match(item, f); err == nil && matched {
				return true
			}
		}
	}
	return false
}

func ensureAbsPath(input string) string {
	if !filepath.IsAbs(input) {
		return string(filepath.Separator) + input
	}
	return input
}

func enforceToCurrentRoot(currentRoot, requestedPath string) bool {
	currentRoot = filepath.Clean(currentRoot)
	directory := filepath.Dir(requestedPath)
	if currentRoot == string(filepath.Separator) {
		return true
	} else if currentRoot == directory {
		return true
	}
	if directory[len(directory)-1] != '/' {
		directory += "/"
	}
	if currentRoot[len(currentRoot)-1] != '/' {
		currentRoot += "/"
	}
	return strings.HasPrefix(directory, currentRoot)
}

// --- end of what is Argo CD's ---

var items = []string{
	".", "..", "a", "b", "apps", "apps/a", "é", "*", "?", "**", "[a-b]", "[^a]", "[a", `\*`, `\a`,
	"...", "a b", "*.yaml", "x.yaml", "", "./", "../", "//", "a//b", "./a", "../..", "../../..",
}

var blanks = []string{"", "", "", " ", "\t", "\u00a0", "\u3000", "\u2003 ", "\u0085", "\n", "\u200b"}

func join(r *rand.Rand, from []string, max int) string {
	var parts []string
	for n := 1 + r.Intn(max); n > 0; n-- {
		parts = append(parts, pick(r, from))
	}
	return strings.Join(parts, "/")
}

func annotation(r *rand.Rand) string {
	var all []string
	for n := r.Intn(4); n >= 0; n-- {
		item := pick(r, []string{"", "", "/", "//"}) + join(r, items, 3)
		if r.Intn(8) == 0 {
			item = ""
		}
		all = append(all, pick(r, blanks)+item+pick(r, blanks))
	}
	return strings.Join(all, ";")
}

func writeAnnotations(directory string, rows int) {
	file, out := create(directory, "paths.tsv")
	defer file.Close()
	defer out.Flush()
	r := rand.New(rand.NewSource(1))
	files := []string{"a", "b", "apps", "é", "x.yaml", "a b", "*", "...", "ab", "c", "[a"}
	paths := []string{"", ".", "a", "apps", "apps/a", "apps/*", "é", "a/b", "apps//a/", "./a"}
	counts := [2]int{}
	fmt.Fprintf(out, "# path of the source, manifest-generate-paths, a changed file (bytes as %%XX),\n"+
		"# 0 refreshed, 1 not: random ones, as answered by Argo CD (generate)\n")
	for total := 0; total < rows; {
		source, text, changed := pick(r, paths), annotation(r), join(r, files, 4)
		answer := 1
		if filesHaveChanged(refreshPaths(source, text), []string{changed}) {
			answer = 0
		}
		if counts[answer] > rows/2 {
			continue
		}
		counts[answer]++
		total++
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\n", escape(source), escape(text), escape(changed), answer)
	}
}

func main() {
	globs := filepath.Join(os.Args[1], "glob")
	withBraces := append(append(append([]piece{}, common...), braces...), stars...)
	writeGlobs(globs, "go_random.tsv", "Go path.Match", 4000, common, false, goMatch)
	writeGlobs(globs, "doublestar_random.tsv",
		"doublestar.Match, github.com/bmatcuk/doublestar/v4 4.10.0", 4000, withBraces,
		false, doublestarMatch)
	writeGlobs(globs, "gobwas_random.tsv", "glob.Compile(), github.com/gobwas/glob 0.2.3", 4000,
		withBraces, true, gobwasMatch)
	annotations := filepath.Join(os.Args[1], "annotation")
	if err := os.MkdirAll(annotations, 0o755); err != nil {
		panic(err)
	}
	writeAnnotations(annotations, 4000)
}
