package shell

import "github.com/grantkeep/grantkeep/platform"

// Words are the words for states of a grant that no platform has told.
var Words = map[string]platform.Texts{
	"doubt":   {ZhCN: "续期的答复没有收到，正在核实", ZhTW: "續期的回覆沒有收到，正在核實", En: "The answer to a refresh was lost; it is being settled"},
	"held":    {ZhCN: "等您确认属于哪个客户", ZhTW: "等您確認屬於哪個客戶", En: "Waits until somebody confirms whose it is"},
	"expired": {ZhCN: "授权已到期", ZhTW: "授權已到期", En: "The authorization has ended"},
	"revoked": {ZhCN: "已解除授权", ZhTW: "已解除授權", En: "The authorization was revoked"},
	"fixed":   {ZhCN: "到期后要商家重新授权", ZhTW: "到期後要賣家重新授權", En: "Not renewable: the merchant has to authorize again at its end"},

	"confirm":   {ZhCN: "核对店铺后确认", ZhTW: "核對店鋪後確認", En: "Compare the shop, then confirm it"},
	"authorize": {ZhCN: "把链接发给商家，请他重新授权", ZhTW: "把連結傳給賣家，請他重新授權", En: "Send the merchant the link and ask for another authorization"},
}

// Moves says whose turn it is.
var Moves = map[string]platform.Texts{
	"us":       {ZhCN: "不用处理，会自动继续", ZhTW: "不需處理，會自動繼續", En: "nobody need act, it goes on by itself"},
	"vendor":   {ZhCN: "该应用方处理", ZhTW: "該應用程式方處理", En: "the vendor's move"},
	"merchant": {ZhCN: "该商家处理", ZhTW: "該賣家處理", En: "the merchant's move"},
	"platform": {ZhCN: "等平台审核", ZhTW: "等平台審核", En: "the platform's move"},
}
