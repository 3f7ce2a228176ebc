package seed

// category is a shelf of the shop: what stands on it, how it is drawn, what it costs.
type category struct {
	name, description string
	shape             shape
	models            []string
	palettes          []int
	sizes             []string
	from, to          int64 // price, in thousands of sum
}

var (
	adults = []string{"36-37", "38-39", "40-41", "42-43", "44-45", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46"}
	pairs  = []string{"36-37", "38-39", "40-41", "42-43", "44-45"}
	women  = []string{"36", "37", "38", "39", "40", "41"}
	men    = []string{"40", "41", "42", "43", "44", "45", "46"}
	kids   = []string{"24-25", "26-27", "28-29", "30-31", "32-33", "34-35"}
)

// categories share palettes by shape, so that few drawings serve them all.
var categories = []category{
	{
		"Felt Slippers", "Warm slippers of pressed wool felt that breathe and keep their form.", mule,
		[]string{"Felt Mule", "Wool Felt Scuff", "Merino Felt Clog"},
		[]int{0, 1, 2, 5, 7, 4},
		adults, 149, 329,
	},
	{
		"Leather Slippers", "Soft leather and suede, sewn by hand, made to last for years.", closed,
		[]string{"Leather Moccasin", "Suede Babouche", "Nappa House Shoe"},
		[]int{0, 1, 5, 8, 4, 3},
		adults, 289, 890,
	},
	{
		"Terry Slippers", "Cotton terry that dries fast and goes in the washing machine.", fluffy,
		[]string{"Terry Scuff", "Cotton Terry Mule", "Looped Terry Slipper"},
		[]int{1, 2, 3, 6, 9, 4},
		pairs, 69, 159,
	},
	{
		"Kids' Slippers", "Light and cheerful, with soles that do not slip on parquet.", bear,
		[]string{"Teddy Slipper", "Little Bear Mule", "Sleepy Cub Slipper"},
		[]int{1, 3, 5, 7, 8, 9},
		kids, 59, 149,
	},
	{
		"Spa & Hotel", "Waffle and velour slides for guests, sold by the pair and by the box.", slide,
		[]string{"Waffle Spa Slide", "Velour Hotel Slide", "Hammam Slide"},
		[]int{1, 2, 3, 6, 9, 4},
		pairs, 49, 119,
	},
	{
		"Orthopaedic", "Contoured cork footbeds with arch support for long days on the feet.", cross,
		[]string{"Cork Footbed Cross-Strap", "Arch Support Sandal", "Comfort Cross Slipper"},
		[]int{0, 1, 4, 6, 8, 2},
		adults, 329, 749,
	},
	{
		"Sheepskin & Fluffy", "Deep pile and real sheepskin for cold floors.", fluffy,
		[]string{"Sheepskin Mule", "Cloud Fluff Slipper", "Curly Fleece Scuff"},
		[]int{1, 2, 3, 6, 9, 4},
		women, 189, 549,
	},
	{
		"Summer Slides", "One broad band, a light sole: for the courtyard, the pool and the balcony.", slide,
		[]string{"Courtyard Slide", "Canvas Band Slide", "Pool Slide"},
		[]int{1, 2, 3, 6, 9, 4},
		adults, 79, 229,
	},
	{
		"Flip-Flops", "A soft strap between the toes and a sole that springs.", thong,
		[]string{"Soft Strap Flip-Flop", "Beach Thong", "Rubber Sole Flip-Flop"},
		[]int{4, 5, 7, 8, 9, 2},
		adults, 49, 169,
	},
	{
		"Travel & Foldable", "Flat in the suitcase, kind to the feet on the night train. With a pouch.", closed,
		[]string{"Foldable Ballerina", "Travel Moccasin", "Cabin Slipper"},
		[]int{0, 1, 5, 8, 4, 3},
		pairs, 89, 219,
	},
	{
		"Men's Classics", "Plain, sturdy, in the colours that go with a dressing gown.", mule,
		[]string{"Gentleman's Mule", "Corduroy House Slipper", "Herringbone Mule"},
		[]int{0, 1, 2, 5, 7, 4},
		men, 169, 459,
	},
	{
		"Memory Foam", "Foam that takes the shape of the foot in a day and keeps it for a season.", cross,
		[]string{"Memory Foam Cross-Band", "Foam Cloud Slipper", "Easy Step Cross-Strap"},
		[]int{0, 1, 4, 6, 8, 2},
		adults, 119, 299,
	},
}

// lines are the collections that a model comes in, named for places.
var lines = []string{
	"Registan", "Chorsu", "Bukhara", "Khiva", "Fergana", "Margilan", "Chimgan", "Charvak", "Nurata", "Termez",
	"Kokand", "Shakhrisabz", "Zaamin", "Aydarkul", "Navruz", "Andijan", "Sayram", "Rishtan", "Boysun", "Samarkand",
	"Ugam", "Lazgi", "Ipak", "Anor", "Lola", "Bahor", "Tong", "Oqtepa", "Sarmish", "Gijduvan",
	"Jizzakh", "Karshi", "Nukus", "Aral", "Zarafshan", "Amu", "Chatkal", "Paxta", "Atlas", "Minora",
}

// people are first and last names that go together.
var people = []struct{ first, last []string }{
	{
		[]string{"Aziz", "Jasur", "Bekzod", "Sardor", "Otabek", "Sherzod", "Ulugbek", "Temur", "Doston", "Javohir"},
		[]string{"Karimov", "Rashidov", "Yusupov", "Tursunov", "Abdullayev", "Ergashev", "Saidov", "Nazarov", "Qodirov", "Ismoilov"},
	},
	{
		[]string{"Dilnoza", "Malika", "Nigora", "Gulnora", "Sevara", "Zarina", "Feruza", "Kamola", "Shahnoza", "Madina"},
		[]string{"Karimova", "Rashidova", "Yusupova", "Tursunova", "Abdullayeva", "Ergasheva", "Saidova", "Nazarova", "Qodirova", "Ismoilova"},
	},
	{
		[]string{"Алексей", "Дмитрий", "Сергей", "Тимур", "Михаил", "Игорь"},
		[]string{"Иванов", "Ким", "Петров", "Соколов", "Пак", "Морозов", "Ли", "Волков"},
	},
	{
		[]string{"Наталья", "Елена", "Ольга", "Анна", "Ирина", "Татьяна"},
		[]string{"Иванова", "Ким", "Петрова", "Соколова", "Пак", "Морозова", "Ли", "Волкова"},
	},
	{
		[]string{"Emma", "James", "Sophie", "Daniel", "Grace", "Thomas"},
		[]string{"Walker", "Bennett", "Hughes", "Clarke", "Murphy", "Foster"},
	},
}

// wishes are what customers write beside an order. Most write nothing.
var wishes = []string{
	"Please call before delivery.",
	"Leave it with the concierge.",
	"A gift: no receipt in the box, please.",
	"Пожалуйста, после 18:00.",
	"Qo'ng'iroq qilmang, SMS yozing.",
	"Second entrance, code 24.",
}
