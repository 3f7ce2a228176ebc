package observe

// Files are all generated files, by their path in the chart's folder of files.
func Files() (map[string][]byte, error) {
	rules, err := RulesFile(Namespace)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"rules.yaml": rules}
	for _, d := range Dashboards() {
		text, err := d.JSON()
		if err != nil {
			return nil, err
		}
		files["dashboards/"+d.Name+".json"] = text
	}
	return files, nil
}
