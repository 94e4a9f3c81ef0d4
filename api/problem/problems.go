package problem

import (
	"net/http"

	"github.com/grantkeep/grantkeep/platform"
)

// Name is the stable name of a kind of problem: programs compare it, so it never changes its meaning.
type Name string

// The names.
const (
	AppBroken           Name = "app-broken"
	AppInUse            Name = "app-in-use"
	AppStopped          Name = "app-stopped"
	Conflict            Name = "conflict"
	Forbidden           Name = "forbidden"
	Frozen              Name = "frozen"
	Held                Name = "held"
	IdempotencyKey      Name = "idempotency-key"
	InternalError       Name = "internal"
	InvalidInput        Name = "invalid-input"
	Limited             Name = "limited"
	MethodNotAllowed    Name = "method-not-allowed"
	Misdirected         Name = "misdirected"
	NeedsAuthorization  Name = "needs-authorization"
	NeedsForce          Name = "needs-force"
	NoToken             Name = "no-token"
	NotFound            Name = "not-found"
	NotRenewable        Name = "not-renewable"
	PlatformFault       Name = "platform-fault"
	PlatformUnreachable Name = "platform-unreachable"
	Refreshing          Name = "refreshing"
	RefusedInput        Name = "refused"
	Revoked             Name = "revoked"
	Stopping            Name = "stopping"
	StoreUnavailable    Name = "store-unavailable"
	Suspended           Name = "suspended"
	TimedOut            Name = "timeout"
	TooLarge            Name = "too-large"
	TooSlow             Name = "too-slow"
	Unauthorized        Name = "unauthorized"
	UnsupportedMedia    Name = "unsupported-media-type"
)

// problemKind is what a problem's page says.
type problemKind struct {
	Status int
	Title  platform.Texts
	Cause  platform.Texts
	Remedy platform.Texts
}

// Table holds every problem that this server answers with.
var Table = map[Name]problemKind{
	AppBroken: {
		http.StatusConflict,
		platform.Texts{En: "The app cannot be opened", ZhCN: "应用无法打开", ZhTW: "應用程式無法開啟"},
		platform.Texts{
			En:   "This server cannot use the app's settings or secrets, so nothing of it is refreshed. Tokens that are good go on being served.",
			ZhCN: "服务器无法使用该应用的设置或密钥，因此不会刷新其任何授权；仍然有效的令牌会继续提供。",
			ZhTW: "伺服器無法使用該應用程式的設定或金鑰，因此不會更新其任何授權；仍然有效的權杖會繼續提供。",
		},
		platform.Texts{
			En:   "The member fault says why and whose move it is; grantkeep app check, or GET /v1/apps/ID, says the same. What waited is refreshed once it is mended.",
			ZhCN: "fault 成员说明原因及应由谁处理；grantkeep app check 或 GET /v1/apps/ID 给出同样的说明。修复后，等待中的授权会自动刷新。",
			ZhTW: "fault 成員說明原因及應由誰處理；grantkeep app check 或 GET /v1/apps/ID 給出同樣的說明。修復後，等待中的授權會自動更新。",
		},
	},
	AppInUse: {
		http.StatusConflict,
		platform.Texts{En: "The app still has grants", ZhCN: "应用仍有授权", ZhTW: "應用程式仍有授權"},
		platform.Texts{
			En:   "An app cannot be removed while grants belong to it that are not revoked; their tokens would be lost.",
			ZhCN: "应用下还有未撤销的商家授权时不能删除，否则其令牌会丢失。",
			ZhTW: "應用程式下仍有未撤銷的商家授權時不能刪除，否則其權杖會遺失。",
		},
		platform.Texts{
			En:   "Revoke the grants of this app first, then remove it; its revoked grants go with it. Or stop it, which keeps everything.",
			ZhCN: "请先撤销该应用的全部授权，再删除应用，已撤销的授权会一并删除；也可以只停用应用，一切保留。",
			ZhTW: "請先撤銷該應用程式的全部授權，再刪除應用程式，已撤銷的授權會一併刪除；也可以只停用應用程式，一切保留。",
		},
	},
	AppStopped: {
		http.StatusConflict,
		platform.Texts{En: "The app is stopped", ZhCN: "应用已停用", ZhTW: "應用程式已停用"},
		platform.Texts{
			En:   "An administrator stopped this app: none of its tokens is served or refreshed, and no call is signed or sent.",
			ZhCN: "管理员已停用该应用：不再提供或刷新其令牌，也不再签名或发送调用。",
			ZhTW: "管理員已停用該應用程式：不再提供或更新其權杖，也不再簽名或傳送呼叫。",
		},
		platform.Texts{
			En:   "Ask whoever stopped it why; then grantkeep app start, or POST /v1/apps/ID/start.",
			ZhCN: "请先向停用者了解原因，再执行 grantkeep app start 或 POST /v1/apps/ID/start。",
			ZhTW: "請先向停用者了解原因，再執行 grantkeep app start 或 POST /v1/apps/ID/start。",
		},
	},
	Conflict: {
		http.StatusConflict,
		platform.Texts{En: "It conflicts with what is there", ZhCN: "与现有数据冲突", ZhTW: "與現有資料衝突"},
		platform.Texts{
			En:   "The same thing exists already, or has been used up: a one-time code works once.",
			ZhCN: "相同的数据已存在，或已被使用：一次性代码只能使用一次。",
			ZhTW: "相同的資料已存在，或已被使用：一次性代碼只能使用一次。",
		},
		platform.Texts{
			En:   "Read the present state and decide from there; do not repeat the request unchanged.",
			ZhCN: "请先读取当前状态再决定，不要原样重复请求。",
			ZhTW: "請先讀取目前狀態再決定，不要原樣重複請求。",
		},
	},
	Forbidden: {
		http.StatusForbidden,
		platform.Texts{En: "This key may not do that", ZhCN: "该密钥无此权限", ZhTW: "此金鑰無此權限"},
		platform.Texts{
			En:   "The API key is good, but lacks the scope of this route, or is limited to owners or apps where an unlimited key is needed.",
			ZhCN: "API 密钥有效，但缺少此接口所需的权限范围，或该密钥限定了所有者或应用，而此操作需要不受限的密钥。",
			ZhTW: "API 金鑰有效，但缺少此介面所需的權限範圍，或該金鑰限定了擁有者或應用程式，而此操作需要不受限的金鑰。",
		},
		platform.Texts{
			En:   "Use another key, or have an administrator make one with the scope that the detail names.",
			ZhCN: "请换用其他密钥，或请管理员创建具有所示权限范围的密钥。",
			ZhTW: "請換用其他金鑰，或請管理員建立具有所示權限範圍的金鑰。",
		},
	},
	Frozen: {
		http.StatusServiceUnavailable,
		platform.Texts{En: "This server is frozen", ZhCN: "服务器处于冻结状态", ZhTW: "伺服器處於凍結狀態"},
		platform.Texts{
			En:   "It was started to be read only, as a copy beside the original: it changes nothing, and nothing leaves it for a platform.",
			ZhCN: "该服务器以只读方式启动，是原服务器旁的副本：不修改任何数据，也不向平台发送任何请求。",
			ZhTW: "該伺服器以唯讀方式啟動，是原伺服器旁的副本：不修改任何資料，也不向平台傳送任何請求。",
		},
		platform.Texts{
			En:   "Ask the server that is at work, or start this one without --frozen once the other has ended.",
			ZhCN: "请使用正在工作的服务器；或在其停止后，去掉 --frozen 重新启动本服务器。",
			ZhTW: "請使用正在工作的伺服器；或在其停止後，去掉 --frozen 重新啟動本伺服器。",
		},
	},
	Held: {
		http.StatusConflict,
		platform.Texts{En: "The grant is held", ZhCN: "授权待确认", ZhTW: "授權待確認"},
		platform.Texts{
			En:   "The authorization was completed in another browser than the one that began it, or waits for your confirmation code. It is kept alive, but served to nobody.",
			ZhCN: "完成授权的浏览器与发起授权的浏览器不同，或正等待您的确认码。授权会保持有效，但暂不提供给任何人使用。",
			ZhTW: "完成授權的瀏覽器與發起授權的瀏覽器不同，或正等待您的確認碼。授權會保持有效，但暫不提供給任何人使用。",
		},
		platform.Texts{
			En:   "Make sure whose shop it is, then confirm: POST /v1/grants/ID/confirm with a key that is not limited to owners, or POST /v1/authorizations/ID/confirm with the code that return_to carried.",
			ZhCN: "核实店铺归属后确认：使用不限所有者的密钥调用 POST /v1/grants/ID/confirm，或用 return_to 带回的代码调用 POST /v1/authorizations/ID/confirm。",
			ZhTW: "核實店鋪歸屬後確認：使用不限擁有者的金鑰呼叫 POST /v1/grants/ID/confirm，或用 return_to 帶回的代碼呼叫 POST /v1/authorizations/ID/confirm。",
		},
	},
	IdempotencyKey: {
		http.StatusConflict,
		platform.Texts{En: "The Idempotency-Key is taken", ZhCN: "Idempotency-Key 已被使用", ZhTW: "Idempotency-Key 已被使用"},
		platform.Texts{
			En:   "This Idempotency-Key came with another request in the last 24 hours, or its first request is not answered yet.",
			ZhCN: "该 Idempotency-Key 在过去 24 小时内用于另一请求，或其首次请求尚未得到响应。",
			ZhTW: "該 Idempotency-Key 在過去 24 小時內用於另一請求，或其首次請求尚未得到回應。",
		},
		platform.Texts{
			En:   "Use a fresh key for another request. If the first one was cut off, read what it did before you repeat it.",
			ZhCN: "不同的请求请使用新的键。若首次请求中断，请先查询其结果再决定是否重复。",
			ZhTW: "不同的請求請使用新的鍵。若首次請求中斷，請先查詢其結果再決定是否重複。",
		},
	},
	InternalError: {
		http.StatusInternalServerError,
		platform.Texts{En: "A mistake of this server", ZhCN: "服务器内部错误", ZhTW: "伺服器內部錯誤"},
		platform.Texts{
			En:   "Something happened that this server did not expect. Nothing about it is told here, since it might hold a secret.",
			ZhCN: "服务器遇到了意料之外的情况。为避免泄露敏感信息，此处不显示细节。",
			ZhTW: "伺服器遇到了意料之外的情況。為避免洩露敏感資訊，此處不顯示細節。",
		},
		platform.Texts{
			En:   "Look for the instance of the answer in the server's log, and report it.",
			ZhCN: "请在服务器日志中查找响应里的 instance 并反馈。",
			ZhTW: "請在伺服器日誌中查找回應裡的 instance 並回報。",
		},
	},
	InvalidInput: {
		http.StatusUnprocessableEntity,
		platform.Texts{En: "The request is wrong", ZhCN: "请求有误", ZhTW: "請求有誤"},
		platform.Texts{
			En:   "A member or parameter is missing, unknown, given twice, or of the wrong form. The list errors names each.",
			ZhCN: "有成员或参数缺失、未知、重复或格式不正确，errors 列表逐一列出。",
			ZhTW: "有成員或參數缺失、未知、重複或格式不正確，errors 清單逐一列出。",
		},
		platform.Texts{
			En:   "Correct what the list errors names. The forms are in /docs and /openapi.json.",
			ZhCN: "请修正 errors 所列的内容，格式见 /docs 和 /openapi.json。",
			ZhTW: "請修正 errors 所列的內容，格式見 /docs 和 /openapi.json。",
		},
	},
	Limited: {
		http.StatusTooManyRequests,
		platform.Texts{En: "Over a limit", ZhCN: "超出限制", ZhTW: "超出限制"},
		platform.Texts{
			En:   "The platform allows only so many calls: token calls of a grant in a day or in a row, of which some are kept in reserve, or API calls of a grant or app in a while.",
			ZhCN: "平台限制了调用次数：该授权的令牌调用有每日次数或频率限制，且会保留部分额度；授权或应用的 API 调用也有频率限制。",
			ZhTW: "平台限制了呼叫次數：該授權的權杖呼叫有每日次數或頻率限制，且會保留部分額度；授權或應用程式的 API 呼叫也有頻率限制。",
		},
		platform.Texts{
			En:   "Wait as long as Retry-After says. Grantkeep renews by itself; asking for it is hardly ever needed.",
			ZhCN: "请按 Retry-After 等待。Grantkeep 会自动续期，通常无需手动触发。",
			ZhTW: "請依 Retry-After 等待。Grantkeep 會自動續期，通常無需手動觸發。",
		},
	},
	MethodNotAllowed: {
		http.StatusMethodNotAllowed,
		platform.Texts{En: "This address has other methods", ZhCN: "不支持该方法", ZhTW: "不支援該方法"},
		platform.Texts{
			En:   "The address exists, but not with this method. The header Allow names those it has.",
			ZhCN: "该地址存在，但不支持此方法；Allow 响应头列出了支持的方法。",
			ZhTW: "該位址存在，但不支援此方法；Allow 回應標頭列出了支援的方法。",
		},
		platform.Texts{
			En:   "Use one of the methods named in Allow.",
			ZhCN: "请使用 Allow 中列出的方法。",
			ZhTW: "請使用 Allow 中列出的方法。",
		},
	},
	Misdirected: {
		http.StatusMisdirectedRequest,
		platform.Texts{En: "Not this server's name", ZhCN: "主机名不符", ZhTW: "主機名稱不符"},
		platform.Texts{
			En:   "The request names a host under which the API does not answer.",
			ZhCN: "请求中的主机名不是本 API 对外使用的主机名。",
			ZhTW: "請求中的主機名稱不是本 API 對外使用的主機名稱。",
		},
		platform.Texts{
			En:   "Use the address that --api-url was set to; behind a proxy, have it pass the Host header on.",
			ZhCN: "请使用 --api-url 设置的地址；若有反向代理，请让其透传 Host 请求头。",
			ZhTW: "請使用 --api-url 設定的位址；若有反向代理，請讓其透傳 Host 請求標頭。",
		},
	},
	NeedsAuthorization: {
		http.StatusConflict,
		platform.Texts{En: "The merchant has to authorize again", ZhCN: "需要商家重新授权", ZhTW: "需要商家重新授權"},
		platform.Texts{
			En:   "Nothing usable is left of this grant, and only the merchant can revive it.",
			ZhCN: "该授权已无可用令牌，只有商家重新授权才能恢复。",
			ZhTW: "該授權已無可用權杖，只有商家重新授權才能恢復。",
		},
		platform.Texts{
			En:   "Make a link with POST /v1/authorizations and its member grant, and send it to the merchant.",
			ZhCN: "请调用 POST /v1/authorizations（带 grant）生成链接并发送给商家。",
			ZhTW: "請呼叫 POST /v1/authorizations（帶 grant）產生連結並傳送給商家。",
		},
	},
	NeedsForce: {
		http.StatusConflict,
		platform.Texts{En: "In doubt: only with force", ZhCN: "状态不明：需要强制执行", ZhTW: "狀態不明：需要強制執行"},
		platform.Texts{
			En:   "The answer to an earlier renewal was lost, and on this platform a refresh token works once. Asking again now may end the grant.",
			ZhCN: "上一次续期的响应丢失，而该平台的刷新令牌只能使用一次，现在再次请求可能导致授权失效。",
			ZhTW: "上一次續期的回應遺失，而該平台的更新權杖只能使用一次，現在再次請求可能導致授權失效。",
		},
		platform.Texts{
			En:   "Leave it to Grantkeep, which repeats it at the best moment; or send {\"force\":true} and take the risk.",
			ZhCN: "建议交由 Grantkeep 在最佳时机重试；若愿承担风险，可发送 {\"force\":true}。",
			ZhTW: "建議交由 Grantkeep 在最佳時機重試；若願承擔風險，可傳送 {\"force\":true}。",
		},
	},
	NoToken: {
		http.StatusUnprocessableEntity,
		platform.Texts{En: "This platform has no tokens", ZhCN: "该平台没有令牌", ZhTW: "該平台沒有權杖"},
		platform.Texts{
			En:   "On this platform the app's key and the shop's id are the credential; there is nothing to hand out.",
			ZhCN: "在该平台上，应用密钥加店铺编号即为凭证，没有可发放的令牌。",
			ZhTW: "在該平台上，應用程式金鑰加店鋪編號即為憑證，沒有可發放的權杖。",
		},
		platform.Texts{
			En:   "Have the call signed or forwarded instead.",
			ZhCN: "请改用签名或转发调用。",
			ZhTW: "請改用簽章或轉送呼叫。",
		},
	},
	NotFound: {
		http.StatusNotFound,
		platform.Texts{En: "Not found", ZhCN: "未找到", ZhTW: "找不到"},
		platform.Texts{
			En:   "There is no such thing, or it lies outside what this key is limited to. The two look alike on purpose.",
			ZhCN: "不存在，或不在该密钥的可见范围内；两者特意不作区分。",
			ZhTW: "不存在，或不在該金鑰的可見範圍內；兩者特意不作區分。",
		},
		platform.Texts{
			En:   "Check the id, the address and the key.",
			ZhCN: "请检查编号、地址和密钥。",
			ZhTW: "請檢查編號、位址和金鑰。",
		},
	},
	NotRenewable: {
		http.StatusUnprocessableEntity,
		platform.Texts{En: "Cannot be renewed without the merchant", ZhCN: "无法自动续期", ZhTW: "無法自動續期"},
		platform.Texts{
			En:   "This grant has no way to be renewed: the platform gives none, has said no for good, or its answer was lost.",
			ZhCN: "该授权无法续期：平台不提供续期、已明确拒绝，或续期响应已丢失。",
			ZhTW: "該授權無法續期：平台不提供續期、已明確拒絕，或續期回應已遺失。",
		},
		platform.Texts{
			En:   "Send the merchant a link before expires_at; the present token works until then.",
			ZhCN: "请在 expires_at 之前将链接发送给商家；在此之前现有令牌仍可使用。",
			ZhTW: "請在 expires_at 之前將連結傳送給商家；在此之前現有權杖仍可使用。",
		},
	},
	PlatformFault: {
		http.StatusBadGateway,
		platform.Texts{En: "The platform refused", ZhCN: "平台拒绝", ZhTW: "平台拒絕"},
		platform.Texts{
			En:   "The platform was asked and answered with an error. The member fault says which, whose move it is, and what to do.",
			ZhCN: "平台返回了错误，fault 成员说明是何错误、应由谁处理以及如何处理。",
			ZhTW: "平台傳回了錯誤，fault 成員說明是何錯誤、應由誰處理以及如何處理。",
		},
		platform.Texts{
			En:   "Follow fault.remedy.",
			ZhCN: "请按 fault.remedy 处理。",
			ZhTW: "請依 fault.remedy 處理。",
		},
	},
	PlatformUnreachable: {
		http.StatusBadGateway,
		platform.Texts{En: "No usable answer from the platform", ZhCN: "未收到平台的有效响应", ZhTW: "未收到平台的有效回應"},
		platform.Texts{
			En:   "The platform could not be reached, or what it answered could not be read.",
			ZhCN: "无法连接平台，或无法识别平台的响应。",
			ZhTW: "無法連線平台，或無法識別平台的回應。",
		},
		platform.Texts{
			En:   "Try again later; `grantkeep doctor` checks the way to the platform.",
			ZhCN: "请稍后重试；可用 grantkeep doctor 检查与平台的连接。",
			ZhTW: "請稍後重試；可用 grantkeep doctor 檢查與平台的連線。",
		},
	},
	Refreshing: {
		http.StatusServiceUnavailable,
		platform.Texts{En: "A renewal is under way", ZhCN: "正在续期", ZhTW: "正在續期"},
		platform.Texts{
			En:   "The access token has ended or was refused, and its renewal has not been answered yet.",
			ZhCN: "访问令牌已到期或被拒绝，续期尚未得到响应。",
			ZhTW: "存取權杖已到期或被拒絕，續期尚未得到回應。",
		},
		platform.Texts{
			En:   "Ask again after Retry-After; a longer wait parameter does it in one request.",
			ZhCN: "请按 Retry-After 后重试；也可加大 wait 参数以在一次请求内等待。",
			ZhTW: "請依 Retry-After 後重試；也可加大 wait 參數以在一次請求內等待。",
		},
	},
	RefusedInput: {
		http.StatusUnprocessableEntity,
		platform.Texts{En: "Refused", ZhCN: "已拒绝", ZhTW: "已拒絕"},
		platform.Texts{
			En:   "What was sent leads nowhere: it is unknown, used up, past its end, or its proof fails. Nothing was changed.",
			ZhCN: "所提交的内容无效：未知、已使用、已过期或校验失败。未做任何更改。",
			ZhTW: "所提交的內容無效：未知、已使用、已過期或驗證失敗。未做任何變更。",
		},
		platform.Texts{
			En:   "Begin again with a new link.",
			ZhCN: "请使用新链接重新开始。",
			ZhTW: "請使用新連結重新開始。",
		},
	},
	Revoked: {
		http.StatusGone,
		platform.Texts{En: "The grant was ended", ZhCN: "授权已撤销", ZhTW: "授權已撤銷"},
		platform.Texts{
			En:   "The merchant, the platform or you ended this grant on purpose; its tokens are erased.",
			ZhCN: "商家、平台或您主动终止了该授权，其令牌已被清除。",
			ZhTW: "商家、平台或您主動終止了該授權，其權杖已被清除。",
		},
		platform.Texts{
			En:   "If it is wanted again, send the merchant a new link.",
			ZhCN: "如需恢复，请向商家发送新的授权链接。",
			ZhTW: "如需恢復，請向商家傳送新的授權連結。",
		},
	},
	Stopping: {
		http.StatusServiceUnavailable,
		platform.Texts{En: "This instance is stopping", ZhCN: "实例正在停止", ZhTW: "實例正在停止"},
		platform.Texts{
			En:   "The process finishes what is under way and begins nothing anymore.",
			ZhCN: "该进程正在完成已有任务，不再接受新任务。",
			ZhTW: "該行程正在完成既有任務，不再接受新任務。",
		},
		platform.Texts{
			En:   "Ask again; another instance, or the restarted one, will answer.",
			ZhCN: "请重试，其他实例或重启后的实例会响应。",
			ZhTW: "請重試，其他實例或重新啟動後的實例會回應。",
		},
	},
	StoreUnavailable: {
		http.StatusServiceUnavailable,
		platform.Texts{En: "The database does not answer", ZhCN: "数据库无响应", ZhTW: "資料庫無回應"},
		platform.Texts{
			En:   "The database cannot be reached at the moment, and what was asked for is not in memory.",
			ZhCN: "暂时无法连接数据库，且内存中没有所需数据。",
			ZhTW: "暫時無法連線資料庫，且記憶體中沒有所需資料。",
		},
		platform.Texts{
			En:   "Ask again after Retry-After; look after the database.",
			ZhCN: "请按 Retry-After 后重试，并检查数据库。",
			ZhTW: "請依 Retry-After 後重試，並檢查資料庫。",
		},
	},
	Suspended: {
		http.StatusConflict,
		platform.Texts{En: "The grant is suspended", ZhCN: "授权已暂停", ZhTW: "授權已暫停"},
		platform.Texts{
			En:   "The access token has ended and its renewal has not worked yet, but may still work without the merchant.",
			ZhCN: "访问令牌已到期，续期尚未成功，但仍可能无需商家操作而恢复。",
			ZhTW: "存取權杖已到期，續期尚未成功，但仍可能無需商家操作而恢復。",
		},
		platform.Texts{
			En:   "See whose_move and fault of the grant: if it is the vendor's move, mend the app's settings; else wait.",
			ZhCN: "请查看授权的 whose_move 和 fault：若应由服务商处理，请修正应用设置；否则请等待。",
			ZhTW: "請查看授權的 whose_move 和 fault：若應由服務商處理，請修正應用程式設定；否則請等待。",
		},
	},
	TimedOut: {
		http.StatusServiceUnavailable,
		platform.Texts{En: "It took too long", ZhCN: "处理超时", ZhTW: "處理逾時"},
		platform.Texts{
			En:   "The answer was not ready in the time that was allowed for it.",
			ZhCN: "未能在允许的时间内得到结果。",
			ZhTW: "未能在允許的時間內得到結果。",
		},
		platform.Texts{
			En:   "Ask again after Retry-After.",
			ZhCN: "请按 Retry-After 后重试。",
			ZhTW: "請依 Retry-After 後重試。",
		},
	},
	TooLarge: {
		http.StatusRequestEntityTooLarge,
		platform.Texts{En: "The body is too large", ZhCN: "请求体过大", ZhTW: "請求主體過大"},
		platform.Texts{
			En:   "A JSON body may have 1 MiB, and one that is passed on to a platform 16 MiB where it has to be signed or looked into.",
			ZhCN: "JSON 请求体最大为 1 MiB；转发给平台且需要签名或检查的请求体最大为 16 MiB。",
			ZhTW: "JSON 請求主體最大為 1 MiB；轉送給平台且需要簽章或檢查的請求主體最大為 16 MiB。",
		},
		platform.Texts{
			En:   "Send less at once.",
			ZhCN: "请减少单次发送的数据量。",
			ZhTW: "請減少單次傳送的資料量。",
		},
	},
	TooSlow: {
		http.StatusRequestTimeout,
		platform.Texts{En: "The body came too slowly", ZhCN: "请求体发送过慢", ZhTW: "請求主體傳送過慢"},
		platform.Texts{
			En:   "The request's body did not arrive in time.",
			ZhCN: "请求体未在规定时间内到达。",
			ZhTW: "請求主體未在規定時間內到達。",
		},
		platform.Texts{
			En:   "Send it again.",
			ZhCN: "请重新发送。",
			ZhTW: "請重新傳送。",
		},
	},
	Unauthorized: {
		http.StatusUnauthorized,
		platform.Texts{En: "No valid API key", ZhCN: "API 密钥无效", ZhTW: "API 金鑰無效"},
		platform.Texts{
			En:   "The header Authorization is missing, or its key is unknown, expired or revoked.",
			ZhCN: "缺少 Authorization 请求头，或密钥未知、已过期或已吊销。",
			ZhTW: "缺少 Authorization 請求標頭，或金鑰未知、已過期或已撤銷。",
		},
		platform.Texts{
			En:   "Send `Authorization: Bearer gk_…`. Never put a key into an address.",
			ZhCN: "请发送 Authorization: Bearer gk_…；切勿将密钥放入网址。",
			ZhTW: "請傳送 Authorization: Bearer gk_…；切勿將金鑰放入網址。",
		},
	},
	UnsupportedMedia: {
		http.StatusUnsupportedMediaType,
		platform.Texts{En: "The body is not JSON", ZhCN: "请求体不是 JSON", ZhTW: "請求主體不是 JSON"},
		platform.Texts{
			En:   "Bodies are JSON with the media type application/json, not compressed.",
			ZhCN: "请求体须为未压缩的 JSON，媒体类型为 application/json。",
			ZhTW: "請求主體須為未壓縮的 JSON，媒體類型為 application/json。",
		},
		platform.Texts{
			En:   "Send `Content-Type: application/json` and no Content-Encoding.",
			ZhCN: "请发送 Content-Type: application/json，且不要使用 Content-Encoding。",
			ZhTW: "請傳送 Content-Type: application/json，且不要使用 Content-Encoding。",
		},
	},
}
