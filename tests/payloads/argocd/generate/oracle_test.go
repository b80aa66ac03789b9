package repository

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	log "github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	apppathutil "github.com/argoproj/argo-cd/v3/util/app/path"
)

type oracleCase struct {
	Name   string
	Files  map[string]string // "->x" link
	Path   string
	Source json.RawMessage
	App    string
}

// ORACLE_IN: JSON list of cases; ORACLE_OUT: JSON list of answers.
func TestOracle(t *testing.T) {
	log.SetLevel(log.FatalLevel)
	raw, err := os.ReadFile(os.Getenv("ORACLE_IN"))
	if err != nil {
		t.Skip()
	}
	var cases []oracleCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	var answers []map[string]any
	for _, c := range cases {
		root := t.TempDir()
		for p, text := range c.Files {
			full := filepath.Join(root, p)
			_ = os.MkdirAll(filepath.Dir(full), 0o755)
			if len(text) > 2 && text[:2] == "->" {
				_ = os.Symlink(text[2:], full)
			} else {
				_ = os.WriteFile(full, []byte(text), 0o644)
			}
		}
		answers = append(answers, answer(root, c))
	}
	out, _ := json.Marshal(answers)
	_ = os.WriteFile(os.Getenv("ORACLE_OUT"), out, 0o644)
}

func answer(root string, c oracleCase) (result map[string]any) {
	result = map[string]any{"name": c.Name}
	defer func() {
		if p := recover(); p != nil {
			result["error"] = fmt.Sprint("panic ", p)
		}
	}()
	if err := apppathutil.CheckOutOfBoundsSymlinks(root); err != nil {
		result["error"] = "symlink"
		return
	}
	appPath, err := apppathutil.Path(root, c.Path)
	if err != nil {
		result["error"] = "path"
		return
	}
	var source v1alpha1.ApplicationSource
	if err := json.Unmarshal(c.Source, &source); err != nil {
		result["error"] = "source " + err.Error()
		return
	}
	err = mergeSourceParameters(&source, appPath, c.App)
	if err != nil {
		result["error"] = "merge"
		return
	}
	merged, _ := json.Marshal(source)
	result["merged"] = string(merged)
	directory := v1alpha1.ApplicationSourceDirectory{}
	if source.Directory != nil {
		directory = *source.Directory
	}
	env := &v1alpha1.Env{}
	objs, err := findManifests(log.WithField("x", "y"), appPath, root, env, directory, nil, resource.MustParse("10M"))
	if err != nil {
		result["error"] = "find"
		return
	}
	manifests := []string{}
	for _, o := range objs {
		text, _ := json.Marshal(o.Object)
		manifests = append(manifests, string(text))
	}
	result["manifests"] = manifests

	return
}
