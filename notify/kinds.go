package notify

import (
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

// Severities, from the least.
const (
	Info     = "info"
	Warning  = "warning"
	Critical = "critical"
)

// severities in their order; an alarm's own is a minimum.
var severities = []string{Info, Warning, Critical}

// Whose move it is.
const (
	moveUs       = "us"
	moveVendor   = "vendor"
	moveMerchant = "merchant"
)

// kind is what is known of all events of a kind.
type kind struct {
	severity string
	move     string                    // whose turn it is, where the fault does not tell; empty: nobody's
	recovers bool                      // it ends a trouble
	text     platform.Texts            // one sentence, with {shop}, {app}, {platform}, {days}, {date} and some members of data
	of       map[string]platform.Texts // another sentence, by the code of the fault
}

// kinds is the catalogue of events. A kind that is here stays here, with its meaning.
var kinds = map[string]kind{
	gk.EventAuthorizationCompleted: {severity: Info, text: platform.Texts{
		ZhCN: "商家完成了对应用 {app} 的授权。", ZhTW: "商家完成了對應用程式 {app} 的授權。", En: "A merchant has completed an authorization of {app}."}},
	gk.EventAuthorizationFailed: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "商家对应用 {app} 的授权没有成功。", ZhTW: "商家對應用程式 {app} 的授權沒有成功。", En: "A merchant's authorization of {app} has failed."}},
	gk.EventGrantCreated: {severity: Info, text: platform.Texts{
		ZhCN: "新增了 {shop} 的授权。", ZhTW: "新增了 {shop} 的授權。", En: "{shop} has authorized for the first time."}},
	gk.EventGrantAuthorized: {severity: Info, recovers: true, text: platform.Texts{
		ZhCN: "{shop} 重新授权了。", ZhTW: "{shop} 重新授權了。", En: "{shop} has authorized again."}},
	gk.EventGrantHeld: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "{shop} 的授权待确认，确认前不提供令牌。", ZhTW: "{shop} 的授權待確認，確認前不提供權杖。",
		En: "The grant of {shop} waits to be confirmed; until then nobody gets its token."}},
	gk.EventGrantConfirmed: {severity: Info, recovers: true, text: platform.Texts{
		ZhCN: "{shop} 的授权已确认。", ZhTW: "{shop} 的授權已確認。", En: "The grant of {shop} was confirmed."}},
	gk.EventGrantMoved: {severity: Info, text: platform.Texts{
		ZhCN: "{shop} 的授权换了归属客户。", ZhTW: "{shop} 的授權換了歸屬客戶。", En: "The grant of {shop} belongs to another customer."}},
	gk.EventGrantShopsChanged: {severity: Info, text: platform.Texts{
		ZhCN: "{shop} 的授权包含的店铺有变化。", ZhTW: "{shop} 的授權包含的商店有變化。", En: "The shops that the grant of {shop} reaches have changed."}},
	gk.EventGrantExpiring: {severity: Warning, move: moveMerchant, text: platform.Texts{
		ZhCN: "{shop} 的授权将在 {days} 天内（{date}）到期，商家需要重新授权。", ZhTW: "{shop} 的授權將在 {days} 天內（{date}）到期，商家需要重新授權。",
		En: "The authorization of {shop} ends within {days} days, on {date}; the merchant must authorize again."}},
	gk.EventGrantNeedsAuthorization: {severity: Warning, move: moveMerchant, text: platform.Texts{
		ZhCN: "{shop} 的令牌不能再刷新，商家需要重新授权。", ZhTW: "{shop} 的權杖不能再更新，商家需要重新授權。",
		En: "The token of {shop} cannot be refreshed any more; the merchant must authorize again."}},
	gk.EventGrantInDoubt: {severity: Warning, move: moveUs, text: platform.Texts{
		ZhCN: "{shop} 的一次刷新没有收到回复，结果未知，正在核实。", ZhTW: "{shop} 的一次更新沒有收到回覆，結果未知，正在核實。",
		En: "A refresh for {shop} got no answer; its outcome is unknown and is being looked into."}},
	gk.EventGrantSuspended: {severity: Warning, move: moveUs, text: platform.Texts{
		ZhCN: "{shop} 的令牌已失效，刷新仍在重试。", ZhTW: "{shop} 的權杖已失效，更新仍在重試。",
		En: "The token of {shop} has ended; refreshing it is still being tried."}},
	gk.EventGrantRecovered: {severity: Info, recovers: true, text: platform.Texts{
		ZhCN: "{shop} 的授权恢复正常。", ZhTW: "{shop} 的授權恢復正常。", En: "The grant of {shop} works again."}},
	gk.EventGrantExpired: {severity: Warning, move: moveMerchant, text: platform.Texts{
		ZhCN: "{shop} 的授权已到期，商家需要重新授权。", ZhTW: "{shop} 的授權已到期，商家需要重新授權。",
		En: "The authorization of {shop} has ended; the merchant must authorize again."}},
	gk.EventGrantRevoked: {severity: Warning, text: platform.Texts{
		ZhCN: "{shop} 的授权已被取消。", ZhTW: "{shop} 的授權已被取消。", En: "The authorization of {shop} was withdrawn."}},
	gk.EventGrantLateAnswer: {severity: Info, text: platform.Texts{
		ZhCN: "{shop} 的一次刷新回复来迟，已有更新的令牌，不再使用。", ZhTW: "{shop} 的一次更新回覆來遲，已有更新的權杖，不再使用。",
		En: "An answer for {shop} came after a newer token; it is not used."}},
	gk.EventAppChanged: {severity: Info, text: platform.Texts{
		ZhCN: "应用 {app} 的设置有变化。", ZhTW: "應用程式 {app} 的設定有變化。", En: "The settings of {app} have changed."}},
	gk.EventAppPaused: {severity: Critical, move: moveVendor, text: platform.Texts{
		ZhCN: "平台拒绝了应用 {app}，它的所有刷新已暂停。", ZhTW: "平台拒絕了應用程式 {app}，它的所有更新已暫停。",
		En: "The platform refuses {app}; all of its refreshes wait."},
		of: map[string]platform.Texts{keeper.CodeRestored: {
			ZhCN: "数据库看起来是旧备份，应用 {app} 的刷新在等待确认。", ZhTW: "資料庫看起來是舊備份，應用程式 {app} 的更新在等待確認。",
			En: "The database looks like an old copy; refreshes of {app} wait for a person's word."}}},
	gk.EventAppResumed: {severity: Info, recovers: true, text: platform.Texts{
		ZhCN: "应用 {app} 恢复正常。", ZhTW: "應用程式 {app} 恢復正常。", En: "{app} works again."}},
	gk.EventAppBroken: {severity: Critical, move: moveVendor, text: platform.Texts{
		ZhCN: "应用 {app} 无法打开，它的刷新在等待。", ZhTW: "應用程式 {app} 無法開啟，它的更新在等待。",
		En: "{app} cannot be opened; its refreshes wait."}},
	gk.EventAppKeyExpiring: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "应用 {app} 的密钥将在 {days} 天内（{date}）到期，请到平台更换。", ZhTW: "應用程式 {app} 的金鑰將在 {days} 天內（{date}）到期，請到平台更換。",
		En: "A key of {app} ends within {days} days, on {date}; replace it at the platform."}},
	gk.EventWebhookTest: {severity: Info, text: platform.Texts{
		ZhCN: "这是一条测试事件。", ZhTW: "這是一則測試事件。", En: "This is an event to try a webhook out."}},
	gk.EventWebhookFailing: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "您的一个接收地址一直没有成功接收事件。", ZhTW: "您的一個接收位址一直沒有成功接收事件。", En: "An endpoint of yours keeps failing to take events."}},
	gk.EventWebhookDisabled: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "您的一个接收地址已停用。", ZhTW: "您的一個接收位址已停用。", En: "An endpoint of yours was disabled."}},
	gk.EventQuotaNear: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "{shop} 当天的令牌请求已用 {used} 次，平台每天允许 {of} 次。", ZhTW: "{shop} 當天的權杖請求已用 {used} 次，平台每天允許 {of} 次。",
		En: "{shop} has used {used} of the {of} token requests that the platform allows a day."}},
	gk.EventSystemBehind: {severity: Critical, move: moveVendor, text: platform.Texts{
		ZhCN: "{platform} 的令牌刷新落后于计划，最早的一项已等了 {minutes} 分钟。", ZhTW: "{platform} 的權杖更新落後於計畫，最早的一項已等了 {minutes} 分鐘。",
		En: "The work on {platform} is falling behind its plan; what waits longest has been due for {minutes} minutes."}},
	gk.EventSystemCaughtUp: {severity: Info, recovers: true, text: platform.Texts{
		ZhCN: "{platform} 的令牌刷新已赶上计划。", ZhTW: "{platform} 的權杖更新已趕上計畫。", En: "The work on {platform} keeps to its plan again."}},
	gk.EventSystemSpilled: {severity: Critical, move: moveVendor, text: platform.Texts{
		ZhCN: "数据库暂时写不进，新令牌先存在备用文件里。", ZhTW: "資料庫暫時寫不進，新權杖先存在備用檔案裡。", En: "The database takes no writes; token pairs wait in the spill file."}},
	gk.EventKeyVolume: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "一个 API 密钥的读取量异常。", ZhTW: "一個 API 金鑰的讀取量異常。", En: "An API key reads far more than it used to."}},
	gk.EventKeyNewNetwork: {severity: Warning, move: moveVendor, text: platform.Texts{
		ZhCN: "一个 API 密钥在新的网络上使用。", ZhTW: "一個 API 金鑰在新的網路上使用。", En: "An API key is used from a network that is new for it."}},
	gk.EventPrivacyRequested: {severity: Info, move: moveVendor, text: platform.Texts{
		ZhCN: "{platform} 转来一项个人信息请求（{topic}），需要您处理。", ZhTW: "{platform} 轉來一項個人資料請求（{topic}），需要您處理。",
		En: "{platform} passes on a request about personal data ({topic}); it is yours to answer."}},
}

// Kinds lists the kinds of events, sorted.
func Kinds() []string {
	all := make([]string, 0, len(kinds))
	for name := range kinds {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// KnownKind reports whether a pattern (a kind, grant.* or *) fits any event.
func KnownKind(pattern string) bool {
	return slices.ContainsFunc(Kinds(), func(k string) bool { return fits(pattern, k) })
}

// fits reports whether a kind fits a pattern.
func fits(pattern, kind string) bool {
	if pattern == "*" || pattern == kind {
		return true
	}
	group, ok := strings.CutSuffix(pattern, ".*")
	return ok && strings.HasPrefix(kind, group+".")
}

func fitsAny(patterns []string, kind string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, kind) })
}

// alarmed are the kinds that an alarm tells where it names none: a shop's refresh failed for good, an authorization
// ends or has ended, an app stopped.
var alarmed = []string{
	gk.EventGrantNeedsAuthorization, gk.EventGrantExpired, gk.EventGrantExpiring, gk.EventGrantRevoked, gk.EventAppPaused, gk.EventAppBroken,
}

// severe reports whether a kind is at least as severe as a minimum; an empty one is no minimum.
func severe(kind, minimum string) bool {
	return slices.Index(severities, kinds[kind].severity) >= slices.Index(severities, minimum)
}
