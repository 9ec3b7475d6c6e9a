// Google Cloud Storage on this machine: fake-gcs-server with the writes of the XML API, which it
// does not have. Prints its address on one line and serves until it is killed.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

type upload struct {
	headers http.Header
	parts   map[int][]byte
}

type xmlAPI struct {
	server  *fakestorage.Server
	mutex   sync.Mutex
	uploads map[string]*upload
}

func (api *xmlAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, object, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	writes := r.Method == http.MethodPut || r.Method == http.MethodPost
	id := r.URL.Query().Get("uploadId")
	switch bucket {
	case "storage", "upload", "download", "batch", "b", "_internal":
		found = false
	}
	switch {
	case found && r.Method == http.MethodGet && api.unchanged(r, bucket, object):
		w.WriteHeader(http.StatusNotModified)
	case !found || object == "" || !(writes || id != ""):
		api.server.HTTPHandler().ServeHTTP(w, r)
	case r.Method == http.MethodDelete:
		api.forget(id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost && r.URL.Query().Has("uploads"):
		api.begin(w, r, bucket, object)
	case r.Method == http.MethodPost && id != "":
		api.complete(w, bucket, object, id)
	case r.Method == http.MethodPut && id != "":
		api.part(w, r, id)
	case r.Method == http.MethodPut:
		api.put(w, r, bucket, object)
	default:
		http.Error(w, "not a request of the XML API", http.StatusBadRequest)
	}
}

// unchanged tells whether a conditional read finds what the reader has; the library ignores that.
func (api *xmlAPI) unchanged(r *http.Request, bucket, object string) bool {
	known := strings.Trim(r.Header.Get("If-None-Match"), `"`)
	if known == "" {
		return false
	}
	present, err := api.server.GetObject(bucket, object)
	return err == nil && strings.Trim(present.Etag, `"`) == known
}

func (api *xmlAPI) put(w http.ResponseWriter, r *http.Request, bucket, object string) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	api.mutex.Lock()
	defer api.mutex.Unlock()
	_, missing := api.server.GetObject(bucket, object)
	if r.Header.Get("x-goog-if-generation-match") == "0" && missing == nil {
		http.Error(w, "the object exists", http.StatusPreconditionFailed)
		return
	}
	api.store(w, bucket, object, r.Header, data)
}

func (api *xmlAPI) store(w http.ResponseWriter, bucket, object string, h http.Header, data []byte) {
	if _, err := api.server.Backend().GetBucket(bucket); err != nil {
		http.Error(w, "no such bucket", http.StatusNotFound)
		return
	}
	api.server.CreateObject(fakestorage.Object{
		ObjectAttrs: fakestorage.ObjectAttrs{
			BucketName:   bucket,
			Name:         object,
			ContentType:  h.Get("Content-Type"),
			CacheControl: h.Get("Cache-Control"),
		},
		Content: data,
	})
	written, err := api.server.GetObject(bucket, object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("ETag", `"`+strings.Trim(written.Etag, `"`)+`"`)
	w.Header().Set("x-goog-generation", strconv.FormatInt(written.Generation, 10))
}

func (api *xmlAPI) begin(w http.ResponseWriter, r *http.Request, bucket, object string) {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	id := hex.EncodeToString(raw)
	api.mutex.Lock()
	api.uploads[id] = &upload{headers: r.Header.Clone(), parts: map[int][]byte{}}
	api.mutex.Unlock()
	answer(w, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadId string
	}{Bucket: bucket, Key: object, UploadId: id})
}

func (api *xmlAPI) part(w http.ResponseWriter, r *http.Request, id string) {
	number, wrong := strconv.Atoi(r.URL.Query().Get("partNumber"))
	data, err := io.ReadAll(r.Body)
	api.mutex.Lock()
	defer api.mutex.Unlock()
	found := api.uploads[id]
	if found == nil || wrong != nil || err != nil {
		http.Error(w, "no such upload", http.StatusNotFound)
		return
	}
	found.parts[number] = data
	w.Header().Set("ETag", fmt.Sprintf(`"part-%d"`, number))
}

func (api *xmlAPI) complete(w http.ResponseWriter, bucket, object, id string) {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	found := api.uploads[id]
	if found == nil {
		http.Error(w, "no such upload", http.StatusNotFound)
		return
	}
	delete(api.uploads, id)
	numbers := make([]int, 0, len(found.parts))
	for number := range found.parts {
		numbers = append(numbers, number)
	}
	sort.Ints(numbers)
	var data []byte
	for _, number := range numbers {
		data = append(data, found.parts[number]...)
	}
	api.store(w, bucket, object, found.headers, data)
	answer(w, struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket  string
		Key     string
		ETag    string
	}{Bucket: bucket, Key: object, ETag: w.Header().Get("ETag")})
}

func (api *xmlAPI) forget(id string) {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	delete(api.uploads, id)
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(body)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true,
		PublicHost: listener.Addr().String(),
		Scheme:     "http",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, bucket := range os.Args[1:] {
		server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
	}
	fmt.Println(listener.Addr().String())
	err = http.Serve(listener, &xmlAPI{server: server, uploads: map[string]*upload{}})
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
