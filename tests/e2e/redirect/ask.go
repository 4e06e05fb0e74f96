// SPDX-License-Identifier: MIT

// ask URL... posts a chat to each, one after another, and prints version, status and answer; with
// TIMES=n that is done n times at once, by a client each.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

const chat = `{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}`

func ask(client *http.Client) (said string, failed bool) {
	for _, url := range os.Args[1:] {
		request, err := http.NewRequest("POST", url, strings.NewReader(chat))
		if err != nil {
			return fmt.Sprintln(err), true
		}
		request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENROUTER_API_KEY"))
		request.Header.Set("Content-Type", "application/json")
		request.Header["x-Odd-CASE"] = []string{"one", "two"}
		answer, err := client.Do(request)
		if err != nil {
			said += fmt.Sprintln(err)
			failed = true
			continue
		}
		body, err := io.ReadAll(answer.Body)
		said += fmt.Sprintln(answer.Proto, answer.StatusCode, err) + string(body) + "\n"
	}
	return said, failed
}

func main() {
	times, _ := strconv.Atoi(os.Getenv("TIMES"))
	if times == 0 {
		times = 1
	}
	var all sync.WaitGroup
	var lock sync.Mutex
	status := 0
	for i := 0; i < times; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			said, failed := ask(&http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()})
			lock.Lock()
			defer lock.Unlock()
			fmt.Print(said)
			if failed {
				status = 1
			}
		}()
	}
	all.Wait()
	os.Exit(status)
}
