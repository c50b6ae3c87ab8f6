// Sends CloudEvents to the address in its first argument, as an application does.
package main

import (
	"context"
	"log"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

func event(id string) cloudevents.Event {
	made := cloudevents.NewEvent()
	made.SetID(id)
	made.SetSource("https://shop.example/go")
	made.SetType("com.example.checkout.started")
	made.SetTime(time.Date(2026, 11, 29, 21, 19, 0, 123456780, time.UTC))
	made.SetSubject(`a b "é%`)
	made.SetExtension("account", "u-17")
	made.SetExtension("channel", "app")
	if err := made.SetData(cloudevents.ApplicationJSON, map[string]any{"cartId": "77", "value": 80.5}); err != nil {
		log.Fatal(err)
	}
	return made
}

func main() {
	client, err := cloudevents.NewClientHTTP()
	if err != nil {
		log.Fatal(err)
	}
	target := cloudevents.ContextWithTarget(context.Background(), os.Args[1])
	target = cloudevents.ContextWithRetriesConstantBackoff(target, 20*time.Millisecond, 3)
	send := func(ctx context.Context, made cloudevents.Event) {
		if result := client.Send(ctx, made); !cloudevents.IsACK(result) {
			log.Fatal(result)
		}
	}
	send(target, event("binary"))
	send(target, event("repeated"))
	send(cloudevents.WithEncodingStructured(target), event("structured"))
	unknown := event("unknown")
	unknown.SetType("com.example.QuizFinished")
	send(target, unknown)
	for _, id := range []string{"5", "6", "7", "8"} {
		send(target, event(id))
	}
}
