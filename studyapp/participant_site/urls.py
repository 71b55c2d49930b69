app_name = "rater"
urlpatterns: list = []
