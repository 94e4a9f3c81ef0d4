package try

import (
	"fmt"

	"github.com/grantkeep/grantkeep/platform"
)

// words are what the steps say, in the three languages; %s and %d stand for what is told.
var words = map[string]platform.Texts{
	"app.title": {ZhCN: "应用", ZhTW: "應用程式", En: "The app"},
	"app": {
		ZhCN: "%s，%s。下面是平台控制台里这个应用的设置。", ZhTW: "%s，%s。以下是平台後台裡這個應用程式的設定。",
		En: "%s, %s. These are the settings that the platform's console shows for the app.",
	},
	"hidden":     {ZhCN: "（不显示）", ZhTW: "（不顯示）", En: "(not shown)"},
	"link.title": {ZhCN: "授权链接", ZhTW: "授權連結", En: "The link"},
	"link": {
		ZhCN: "商家打开链接，登录并同意。%s\n回调地址是 %s 。", ZhTW: "賣家開啟連結，登入並同意。%s\n回呼網址是 %s 。",
		En: "The merchant opens it, logs in and agrees. %s\nThe callback address is %s.",
	},
	"link.signed":    {ZhCN: "\n签名的原文：%s", ZhTW: "\n簽章的原文：%s", En: "\nIt is signed over: %s"},
	"link.until":     {ZhCN: "平台在 %s 之前接受它。", ZhTW: "平台在 %s 之前接受它。", En: "It is accepted until %s."},
	"callback.title": {ZhCN: "回调", ZhTW: "回呼", En: "The callback"},
	"callback": {
		ZhCN: "平台把商家的浏览器送回来，带着%s。", ZhTW: "平台把賣家的瀏覽器送回來，帶著%s。",
		En: "The platform sends the merchant's browser back with %s.",
	},
	"brings.code": {ZhCN: "一个只能用一次的 code", ZhTW: "一個只能用一次的 code", En: "a code that works once"},
	"brings.shop": {ZhCN: "店铺编号", ZhTW: "賣場編號", En: "the shop's id"},
	"waiting": {
		ZhCN: "在 %s 等待。浏览器若停在别处，把它的地址粘贴到这里。", ZhTW: "在 %s 等待。瀏覽器若停在別處，把它的網址貼到這裡。",
		En: "Waiting at %s. If the browser ends elsewhere, paste its address here.",
	},
	"paste": {
		ZhCN: "请粘贴浏览器最后停下的地址，从 https 到末尾；那个页面打不开也没关系。", ZhTW: "請貼上瀏覽器最後停下的網址，從 https 到末尾；那個頁面打不開也沒關係。",
		En: "Paste the address that the browser ended on, from https to its end; that the page itself fails is no matter.",
	},
	"agrees": {ZhCN: "模拟的商家（%s）同意了。", ZhTW: "模擬的賣家（%s）同意了。", En: "The simulated merchant of %s agrees."},
	"back":   {ZhCN: "浏览器回来了，带着这次链接的 state。", ZhTW: "瀏覽器回來了，帶著這次連結的 state。", En: "The browser is back, with the state of this link."},
	"names":  {ZhCN: "指明", ZhTW: "指明", En: "names"},
	"signed by platform": {
		ZhCN: "平台签名", ZhTW: "平台簽章", En: "signed by platform",
	},
	"proof.no":  {ZhCN: "没有；要由换取来证实", ZhTW: "沒有；要由換取來證實", En: "no; the exchange has to confirm it"},
	"proof.yes": {ZhCN: "有，并且正确", ZhTW: "有，而且正確", En: "yes, and it holds"},

	"exchange.title": {ZhCN: "换取令牌", ZhTW: "換取權杖", En: "The exchange"},
	"exchange": {
		ZhCN: "用 code 换取令牌，只发一次请求，绝不重发：code 只能用一次。", ZhTW: "用 code 換取權杖，只送一次請求，絕不重送：code 只能用一次。",
		En: "The code is traded for tokens by one request, which is never repeated: a code works once.",
	},
	"exchange.none": {
		ZhCN: "没有这一步：在这个平台上，回调本身就是许可，调用用应用的密钥签名。", ZhTW: "沒有這一步：在這個平台上，回呼本身就是許可，呼叫用應用程式的密鑰簽章。",
		En: "There is none: on this platform the callback itself is the permission, and calls are signed with the app's key.",
	},
	"answered":    {ZhCN: "平台回答：状态 %d，%s。", ZhTW: "平台回答：狀態 %d，%s。", En: "The platform answered with status %d, %s."},
	"no type":     {ZhCN: "没有内容类型", ZhTW: "沒有內容類型", En: "no content type"},
	"signed over": {ZhCN: "签名原文", ZhTW: "簽章原文", En: "signed over"},

	"came.title": {ZhCN: "结果", ZhTW: "結果", En: "What came"},
	"granted":    {ZhCN: "平台授权成功。", ZhTW: "平台授權成功。", En: "The platform granted it."},
	"not granted": {
		ZhCN: "平台没有授权。", ZhTW: "平台沒有授權。", En: "The platform did not grant it.",
	},
	"unknown": {
		ZhCN: "回答既不是令牌也不是拒绝：%s。\n不知道 code 是否已用掉；请重新打开链接，取得另一个。", ZhTW: "回答既不是權杖也不是拒絕：%s。\n不知道 code 是否已用掉；請重新開啟連結，取得另一個。",
		En: "The answer is neither a token nor a refusal: %s.\nWhether the code was spent is not known; open the link again for another one.",
	},
	"whose":              {ZhCN: "属于", ZhTW: "屬於", En: "whose"},
	"not said":           {ZhCN: "回答里没有说", ZhTW: "回答裡沒有說", En: "not said in the answer"},
	"access token":       {ZhCN: "访问令牌", ZhTW: "存取權杖", En: "access token"},
	"refresh token":      {ZhCN: "刷新令牌", ZhTW: "更新權杖", En: "refresh token"},
	"it ends":            {ZhCN: "到期", ZhTW: "到期", En: "it ends"},
	"authorization ends": {ZhCN: "授权到期", ZhTW: "授權到期", En: "authorization ends"},
	"scopes":             {ZhCN: "权限范围", ZhTW: "權限範圍", En: "scopes"},
	"shops":              {ZhCN: "店铺", ZhTW: "賣場", En: "shops"},
	"permission":         {ZhCN: "权限 %s", ZhTW: "權限 %s", En: "permission %s"},
	"no token":           {ZhCN: "没有：调用用应用的密钥签名", ZhTW: "沒有：呼叫用應用程式的密鑰簽章", En: "none: calls are signed with the app's key"},
	"characters":         {ZhCN: "%s（%d 个字符）", ZhTW: "%s（%d 個字元）", En: "%s (%d characters)"},
	"days":               {ZhCN: "%d 天", ZhTW: "%d 天", En: "%d days"},
	"in":                 {ZhCN: "%s，还有 %s", ZhTW: "%s，還有 %s", En: "%s, in %s"},

	"reach.title": {ZhCN: "它能做什么", ZhTW: "它能做什麼", En: "What it opens"},
	"reach": {
		ZhCN: "第二个请求问平台：令牌是谁的，能用于哪里。", ZhTW: "第二個請求問平台：權杖是誰的，能用於哪裡。",
		En: "A second request asks the platform whose the token is and what it reaches.",
	},
	"more": {ZhCN: "……还有 %d 个，这里不再询问。", ZhTW: "……還有 %d 個，這裡不再詢問。", En: "… and %d more that are not asked about here."},
	"support": {
		ZhCN: "\n发给平台技术支持的内容：\n%s", ZhTW: "\n傳給平台技術支援的內容：\n%s", En: "\nFor the platform's support:\n%s",
	},
	"end": {
		ZhCN: "\n什么都没有保存；--reveal 显示密钥和令牌。grantkeep serve 保存并刷新令牌，grantkeep demo 演示它怎么做。", ZhTW: "\n什麼都沒有儲存；--reveal 顯示密鑰與權杖。grantkeep serve 儲存並更新權杖，grantkeep demo 示範它怎麼做。",
		En: "\nNothing was stored; --reveal shows secrets and tokens. grantkeep serve keeps and renews them, grantkeep demo shows how.",
	},
	"end.shown": {
		ZhCN: "\n什么都没有保存：谁保存这些令牌，谁就要刷新它们，一次只发一个刷新请求。", ZhTW: "\n什麼都沒有儲存：誰保存這些權杖，誰就要更新它們，一次只送一個更新請求。",
		En: "\nNothing was stored: whoever keeps these tokens must renew them, one refresh at a time.",
	},

	"told": {ZhCN: "%v。", ZhTW: "%v。", En: "%v."},
	"paste.whole": {
		ZhCN: "这不是完整的地址；请复制浏览器的地址栏，从 http 到末尾", ZhTW: "這不是完整的網址；請複製瀏覽器的網址列，從 http 到末尾",
		En: "that is no whole address; copy the browser's address line, from http to its end",
	},
	"paste.link": {
		ZhCN: "这是链接本身；请在浏览器里打开它、同意，再粘贴浏览器最后停下的地址", ZhTW: "這是連結本身；請在瀏覽器裡開啟它、同意，再貼上瀏覽器最後停下的網址",
		En: "that is the link itself; open it in a browser and agree, then paste the address that the browser ends on",
	},
	"paste.forged": {
		ZhCN: "地址里的签名不对：不是用这个应用的密钥做的，或地址在途中被改过", ZhTW: "網址裡的簽章不對：不是用這個應用程式的密鑰做的，或網址在途中被改過",
		En: "the proof in the address fails: it was not made with this app's secret, or the address was changed on the way",
	},
	"paste.bad": {ZhCN: "这个地址不能用：%s", ZhTW: "這個網址不能用：%s", En: "the address cannot be used: %s"},
	"paste.empty": {
		ZhCN: "地址里没有 code，也没有错误：不是同意之后的那个地址", ZhTW: "網址裡沒有 code，也沒有錯誤：不是同意之後的那個網址",
		En: "the address has neither a code nor an error: it is not the one that follows the consent",
	},
	"paste.cancel": {
		ZhCN: "这个地址说的是取消授权，没有可以换取的东西", ZhTW: "這個網址說的是取消授權，沒有可以換取的東西",
		En: "the address tells of a withdrawal and brings nothing to exchange",
	},
	"paste.stateless": {
		ZhCN: "地址里没有 state，所以不是从这个链接来的；请重新打开链接", ZhTW: "網址裡沒有 state，所以不是從這個連結來的；請重新開啟連結",
		En: "the address carries no state, so it did not come from this link; open the link again",
	},
	"paste.other": {
		ZhCN: "地址里的 state 是另一个链接的；请用这次打印的链接", ZhTW: "網址裡的 state 是另一個連結的；請用這次印出的連結",
		En: "the address carries the state of another link; use the link printed by this run",
	},
	"no callback": {
		ZhCN: "没有等到回调：商家没有同意，或平台把浏览器送到了别处；请重新打开链接，粘贴浏览器最后停下的地址", ZhTW: "沒有等到回呼：賣家沒有同意，或平台把瀏覽器送到了別處；請重新開啟連結，貼上瀏覽器最後停下的網址",
		En: "no callback came: the merchant did not agree, or the platform sent the browser elsewhere; " +
			"open the link again and paste the address that the browser ends on",
	},
	"arrived": {
		ZhCN: "授权已收到。可以关闭这个窗口，回到终端。", ZhTW: "授權已收到。可以關閉這個視窗，回到終端機。",
		En: "The authorization has arrived. Close this window and go on in the terminal.",
	},
	"is callback": {ZhCN: "这是 grantkeep try 的回调地址。%v", ZhTW: "這是 grantkeep try 的回呼網址。%v", En: "This is the callback of grantkeep try. %v"},
	"ask.redirect": {
		ZhCN: "回调地址，要与控制台里的一字不差。不填则是本机的 http://%s/callback ，\n平台也登记了它才会接受；多数平台只接受 https 地址。", ZhTW: "回呼網址，要與後台裡的一字不差。不填則是本機的 http://%s/callback ，\n平台也登記了它才會接受；多數平台只接受 https 網址。",
		En: "Callback address, letter by letter as the console has it. Without one it is http://%s/callback here,\n" +
			"which the platform accepts only if it is registered too; most accept https addresses only.",
	},
	"ask.redirect.name": {ZhCN: "  redirect_uri（空则用本机）", ZhTW: "  redirect_uri（空則用本機）", En: "  redirect_uri (empty for this machine)"},
	"ask.shop":          {ZhCN: "  店铺，例如 my-shop%s", ZhTW: "  賣場，例如 my-shop%s", En: "  the shop, such as my-shop%s"},
}

// word is a text of the steps in a language.
func word(lang, name string, args ...any) string {
	text := words[name].In(lang)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// word is a text of the steps in the person's language.
func (t *teller) word(name string, args ...any) string { return word(t.lang, name, args...) }
