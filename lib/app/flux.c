#include "app/app_impl.h"
int flux_read_kustomization(struct app *app, const json_t *spec, struct error *err)
{
	(void)app;
	(void)spec;
	(void)err;
	return 0;
}
int flux_read_helm_release(struct app *app, const json_t *spec, struct error *err)
{
	return flux_read_kustomization(app, spec, err);
}
int flux_read_git_repository(struct app *app, const json_t *spec, struct error *err)
{
	return flux_read_kustomization(app, spec, err);
}
void app_link(const struct app_list *list, struct strvec *problems)
{
	(void)list;
	(void)problems;
}
