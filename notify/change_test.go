package notify_test

import "github.com/grantkeep/grantkeep/notify"

func webhookOn(on bool) notify.WebhookChange { return notify.WebhookChange{Enabled: &on} }
