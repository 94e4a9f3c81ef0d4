package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/gateway"
	"github.com/grantkeep/grantkeep/platform/shopee"
)

// BenchmarkProxy measures the gateway against a bare httputil.ReverseProxy that signs, in turns of one run over the same
// platform, and reports the ratio of the two rates. The platform's answer is a typical page of orders.
func BenchmarkProxy(b *testing.B) {
	answer := []byte(`{"error":"","message":"","response":{"order_list":[` + string(make0(2000)) + `]},"request_id":"1"}`)
	h := newHouse(b, shopee.New(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}, gateway.Options{})
	bare := httptest.NewServer(signing(b, h.platform.URL))
	defer bare.Close()
	const path = "/api/v2/order/get_order_list?page_size=50"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	ask := func(b *testing.B, address string) time.Duration {
		begun := time.Now()
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				res, err := client.Get(address)
				if err != nil {
					b.Error(err)
					return
				}
				if n, err := io.Copy(io.Discard, res.Body); err != nil || n != int64(len(answer)) || res.StatusCode != 200 {
					b.Errorf("%d with %d bytes, %v", res.StatusCode, n, err)
				}
				_ = res.Body.Close()
			}
		})
		return time.Since(begun)
	}
	ask(b, bare.URL+path) // connections are made before anything is measured
	ask(b, h.front.URL+"/proxy/"+h.grant.ID+path)
	b.ResetTimer()
	var ours, theirs time.Duration
	for range 4 {
		theirs += ask(b, bare.URL+path)
		ours += ask(b, h.front.URL+"/proxy/"+h.grant.ID+path)
	}
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(4*float64(b.N)/ours.Seconds(), "calls/s")
}

func make0(n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = '0' + byte(i%10)
	}
	text[0] = '1'
	return text
}

// signing is the least that a proxy for Shopee has to do.
func signing(b *testing.B, to string) http.Handler {
	target, err := url.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 512},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			now := strconv.FormatInt(time.Now().Unix(), 10)
			mac := hmac.New(sha256.New, []byte(appSecret))
			_, _ = io.WriteString(mac, "77"+r.In.URL.Path+now+accessToken+"1001")
			q := r.In.URL.Query()
			q.Set("partner_id", "77")
			q.Set("shop_id", "1001")
			q.Set("timestamp", now)
			q.Set("access_token", accessToken)
			q.Set("sign", hex.EncodeToString(mac.Sum(nil)))
			r.Out.URL.RawQuery = q.Encode()
		},
	}
}
