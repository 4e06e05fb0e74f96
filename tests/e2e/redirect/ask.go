// SPDX-License-Identifier: MIT

// ask URL... posts a chat to each, one after another, and prints version, status and answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

const chat = `{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}`

func main() {
	failed := 0
	for _, url := range os.Args[1:] {
		request, err := http.NewRequest("POST", url, strings.NewReader(chat))
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENROUTER_API_KEY"))
		request.Header.Set("Content-Type", "application/json")
		request.Header["x-Odd-CASE"] = []string{"one", "two"}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			failed = 1
			continue
		}
		body, err := io.ReadAll(answer.Body)
		fmt.Println(answer.Proto, answer.StatusCode, err)
		fmt.Println(string(body))
	}
	os.Exit(failed)
}
