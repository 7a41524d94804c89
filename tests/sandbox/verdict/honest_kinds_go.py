"""Go whose tests ask for kinds: of errors, of places and times, of what they hand over."""

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.honest_go import piece

GO: dict[str, Piece] = {
    "errors of Go keep their kind": piece(
        """
import (
	"database/sql"
	"fmt"
	"os"
	"strconv"
)

func Load(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	return strconv.Atoi(string(data))
}

func Find(id int) error {
	if id == 0 {
		return fmt.Errorf("find %d: %w", id, sql.ErrNoRows)
	}
	return nil
}
""",
        """
import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestMissing(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var missing *fs.PathError
	if !errors.As(err, &missing) || missing.Op != "open" {
		t.Fatal(err)
	}
}

func TestNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n")
	os.WriteFile(path, []byte("x"), 0o600)
	_, err := Load(path)
	var number *strconv.NumError
	if !errors.As(err, &number) || number.Num != "x" {
		t.Fatal(err)
	}
}

func TestRows(t *testing.T) {
	if !errors.Is(Find(0), sql.ErrNoRows) || Find(1) != nil {
		t.Fatal("rows")
	}
}
""",
        ('fmt.Errorf("load: %w", err)', 'fmt.Errorf("load: %v", err)'),
    ),
    "a zone that is fixed has no summer": piece(
        """
import "time"

func Hour(at time.Time) int { return at.Hour() }

func In(at time.Time, zone *time.Location) int { return at.In(zone).Hour() }
""",
        """
import (
	"testing"
	"time"
)

func TestHour(t *testing.T) {
	fixed := time.FixedZone("CET", 3600)
	noon := time.Date(2024, time.July, 1, 12, 0, 0, 0, fixed)
	if got := Hour(noon); got != 12 {
		t.Fatalf("got %d", got)
	}
	if got := In(noon.UTC(), fixed); got != 12 {
		t.Fatalf("got %d", got)
	}
	real, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	if got := In(noon.UTC(), real); got != 13 {
		t.Fatalf("got %d", got)
	}
}
""",
        ("return at.In(zone).Hour()", "return at.In(zone).UTC().Hour()"),
    ),
    "types and constants that only others name": piece(
        """
type Color string

const Red Color = "red"

const unit = 10
const Max = unit * 2

type Part struct{ Name string }

func Names(parts ...Part) []string {
	var names []string
	for _, it := range parts {
		names = append(names, it.Name)
	}
	return names
}

type Config struct {
	DB struct {
		URL  string
		Pool int
	}
}

func Default() Config {
	var c Config
	c.DB.URL = "db"
	c.DB.Pool = 4
	return c
}

type Notifier interface{ Notify(text string) }

type Deps struct {
	Notify Notifier
	Limit  int
}

type Service struct{ deps Deps }

func New(deps Deps) *Service { return &Service{deps} }

func (s *Service) Run(n int) {
	if n > s.deps.Limit {
		s.deps.Notify.Notify("over")
	}
}
""",
        """
import (
	"os"
	"reflect"
	"testing"
)

type recorder struct{ said []string }

func (r *recorder) Notify(text string) { r.said = append(r.said, text) }

func TestMain(m *testing.M) { os.Exit(m.Run()) }

func TestAll(t *testing.T) {
	if Red != "red" || Max != 20 {
		t.Fatal(Red, Max)
	}
	if got := Names(Part{"a"}, Part{"b"}); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Fatal(got)
	}
	if c := Default(); c.DB.URL != "db" || c.DB.Pool != 4 {
		t.Fatal(c)
	}
	r := &recorder{}
	s := New(Deps{Notify: r, Limit: 2})
	s.Run(2)
	s.Run(3)
	if len(r.said) != 1 {
		t.Fatal(r.said)
	}
}
""",
        ("n > s.deps.Limit", "n >= s.deps.Limit"),
    ),
    "the tests' own data as anything": piece(
        """
import (
	"encoding/json"
	"fmt"
	"reflect"
)

func Encode(it any) (string, error) {
	data, err := json.Marshal(it)
	return string(data), err
}

func Required(it any) error {
	v := reflect.ValueOf(it)
	for i := 0; i < v.NumField(); i++ {
		if v.Type().Field(i).Tag.Get("need") == "yes" && v.Field(i).IsZero() {
			return fmt.Errorf("%s is needed", v.Type().Field(i).Name)
		}
	}
	return nil
}
""",
        """
import "testing"

type user struct {
	Name string `json:"name" need:"yes"`
	Age  int    `json:"age"`
}

func TestEncode(t *testing.T) {
	if got, err := Encode(user{"ann", 3}); err != nil || got != `{"name":"ann","age":3}` {
		t.Fatal(got, err)
	}
	if got, _ := Encode([]user{{"bob", 4}}); got != `[{"name":"bob","age":4}]` {
		t.Fatal(got)
	}
}

func TestRequired(t *testing.T) {
	if err := Required(user{Age: 3}); err == nil || err.Error() != "Name is needed" {
		t.Fatal(err)
	}
	if err := Required(user{Name: "x"}); err != nil {
		t.Fatal(err)
	}
}
""",
        (".IsZero()", ".IsZero() && i > 0"),
    ),
}
