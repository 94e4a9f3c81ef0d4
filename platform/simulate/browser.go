package simulate

type browser struct{ page *Page }
